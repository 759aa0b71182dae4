"""Signs that the storm puts up in the folder for all processes to see.

It is over; or somebody sleeps right before his merge, of these dates: then nothing that is staged is replaced or
cleaned up, and others want the same dates, so that he meets the worst when he wakes. Or nobody may sleep for a while,
so that clean-ups get their turn too.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path


def is_over(folder: Path) -> bool:
    return (folder / "over").exists()


def put_over(folder: Path) -> None:
    (folder / "over").touch()


def slept_over(folder: Path) -> list[str] | None:
    """The dates; none any more, but hands off, for a while after he woke; None if nobody sleeps."""
    try:
        return (folder / "slept over").read_text().split()
    except FileNotFoundError:
        return None


def put_slept_over(folder: Path, dates: Collection[str] | None) -> None:
    _put(folder / "slept over", None if dates is None else " ".join(dates))


def all_awake(folder: Path) -> bool:
    return (folder / "all awake").exists()


def put_all_awake(folder: Path, awake: bool) -> None:
    _put(folder / "all awake", "" if awake else None)


def _put(sign: Path, text: str | None) -> None:
    if text is None:
        sign.unlink(missing_ok=True)
    else:
        hidden = sign.with_name(f".{sign.name}")
        hidden.write_text(text)
        hidden.rename(sign)
