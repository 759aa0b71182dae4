"""Progress on stderr while a command works. Prints nothing where stderr is not a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

_Item = TypeVar("_Item")


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """A spinner. Yields a function to call with the name of each step."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda _: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda step: progress.update(task, description=step.replace("_", " "))


def tracked(items: Sequence[_Item], title: str) -> Iterator[_Item]:
    """The items, with a bar that shows how many are done and disappears at the end."""
    with bar(title, transient=True) as (advance, _):
        for number, item in enumerate(items):
            advance(number, len(items))
            yield item


@contextmanager
def bar(title: str, transient: bool = False) -> Iterator[tuple[Callable[[int, int], None], Callable[[str], None]]]:
    """A bar. Yields a function to call with the numbers of done and of all items, and one to print a line above it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False, markup=False)
    columns = (TextColumn(title, markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=transient, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield (
            lambda done, total: progress.update(task, completed=done, total=total),
            lambda line: console.print(line, soft_wrap=True),
        )
