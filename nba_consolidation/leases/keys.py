"""Lease keys: `consolidation_2026-01-15` is one kind of work on one game date.

The predecessor's lock documents have the same ids.
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
    """The lock type and the game date of a key; raises LeaseMisuse if it is not a valid key."""
    match = _SHAPE.fullmatch(key)
    try:
        if match is not None:
            return match[1], date.fromisoformat(match[2])
    except ValueError:
        pass  # a date that does not exist, such as 2026-02-30
    raise LeaseMisuse(
        f"{key!r} is not a lease key. Give the kind of work and the game date, such as 'consolidation_2026-01-15'."
    )


def sorted_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """The valid keys without repetitions, in the order in which every run acquires them; raises LeaseMisuse."""
    unique_keys = tuple(sorted(set(keys)))
    if not unique_keys:
        raise LeaseMisuse("The list of lease keys is empty. Pass the key of at least one game date.")
    for key in unique_keys:
        parse_lease_key(key)
    return unique_keys
