"""Progress on stderr, while something takes long. Nothing at all where stderr is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

_Item = TypeVar("_Item")

_WORDS = {
    "list": "listing the staging area",
    "lease": "taking the leases",
    "fence": "raising the fence",
    "candidates": "judging the staged rows",
    "quarantine": "setting bad rows aside",
    "standing": "activating the newest of each player",
    "outcomes": "holding them against what stands",
    "lost_versions": "noting the versions that lost",
    "insert": "merging",
    "update": "merging",
    "duplicate_business_keys": "auditing: no key twice",
    "active_twins": "auditing: no active twins",
    "counts": "auditing: nothing lost",
    "ledger": "writing the ledger",
    "read_box_scores": "reading the box scores",
    "verdicts": "judging the predictions",
    "regraded": "holding them against what stands",
    "grade_anew": "grading",
    "insert_graded": "grading",
    "grading_counts": "auditing: nothing lost",
    "clean up": "dropping what was merged",
    "validate": "validating for consumers",
}


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """A spinner with the step that is being done; call what it gives with each step's name."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda _: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True
    ) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda step: progress.update(task, description=_WORDS.get(step, step.replace("_", " ")))


def tracked(items: Sequence[_Item], what: str) -> Iterator[_Item]:
    """The items, with a bar that says how many are done, and that goes when they are."""
    with bar(what, transient=True) as (advance, _):
        for number, item in enumerate(items):
            advance(number, len(items))
            yield item


@contextmanager
def bar(what: str, transient: bool = False) -> Iterator[tuple[Callable[[int, int], None], Callable[[str], None]]]:
    """A bar; call the first with how many are done of how many, the second with a line of news."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False, markup=False)
    columns = (TextColumn(what, markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=transient, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield (
            lambda done, total: progress.update(task, completed=done, total=total),
            lambda news: console.print(news, soft_wrap=True),
        )
