"""Flag files through which the storm tells all processes what to do.

- The storm is over.
- A process sleeps right before its merge of these dates. Then no staged table is replaced or dropped, and other
  processes consolidate the same dates, so that the sleeper writes at the worst moment.
- No process may sleep for a while, so that tables are dropped too.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path


def is_over(folder: Path) -> bool:
    return (folder / "over").exists()


def end_storm(folder: Path) -> None:
    (folder / "over").touch()


def dates_of_sleepers(folder: Path) -> list[str] | None:
    """The dates of sleeping processes; an empty list for a while after they woke up; None if no process sleeps."""
    try:
        return (folder / "dates of sleepers").read_text().split()
    except FileNotFoundError:
        return None


def set_dates_of_sleepers(folder: Path, dates: Collection[str] | None) -> None:
    _write(folder / "dates of sleepers", None if dates is None else " ".join(dates))


def nobody_may_sleep(folder: Path) -> bool:
    return (folder / "nobody may sleep").exists()


def set_nobody_may_sleep(folder: Path, value: bool) -> None:
    _write(folder / "nobody may sleep", "" if value else None)


def _write(flag: Path, text: str | None) -> None:
    if text is None:
        flag.unlink(missing_ok=True)
    else:
        hidden = flag.with_name(f".{flag.name}")
        hidden.write_text(text)
        hidden.rename(flag)
