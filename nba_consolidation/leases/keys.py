"""How a lease is named: `consolidation_2026-01-15`, what kind of work and which game date.

The predecessor's lock documents bear the same names. Who holds a lease is not decided here.
"""

import re
from collections.abc import Iterable
from datetime import date

from nba_consolidation.leases.errors import LeaseMisuse

_SHAPE = re.compile(r"([a-z]+(?:_[a-z]+)*)_(\d{4}-\d{2}-\d{2})", re.ASCII)


def lease_key(lock_type: str, game_date: date) -> str:
    """The key of one kind of work (`consolidation`, `grading`) on one game date; raises LeaseMisuse."""
    key = f"{lock_type}_{game_date:%Y-%m-%d}"
    parse_lease_key(key)
    return key


def parse_lease_key(key: str) -> tuple[str, date]:
    """The lock type and the game date of a key; raises LeaseMisuse if it is not one."""
    match = _SHAPE.fullmatch(key)
    try:
        if match is not None:
            return match[1], date.fromisoformat(match[2])
    except ValueError:
        pass  # the shape of a date, but no such day: the same mistake, the same message
    raise LeaseMisuse(
        f"{key!r} is not the key of a lease. "
        "Name the kind of work and the game date, such as 'consolidation_2026-01-15'."
    )


def sorted_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """The keys once each, checked and in the one order in which everybody takes them; raises LeaseMisuse."""
    wanted = tuple(sorted(set(keys)))
    if not wanted:
        raise LeaseMisuse("No lease was asked for. Pass the key of at least one game date.")
    for key in wanted:
        parse_lease_key(key)
    return wanted
