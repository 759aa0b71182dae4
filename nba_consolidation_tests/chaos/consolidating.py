"""A process that consolidates again and again, a few dates at a time, and notes what came of each attempt.

What can happen to an attempt in a storm is counted by kind; anything else is a failure, noted with its traceback.
"""

from __future__ import annotations

import datetime as dt
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from random import Random

from nba_consolidation.consolidation.consolidate import Consolidator
from nba_consolidation.consolidation.report import ConsolidationReport
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing import FencedOut
from nba_consolidation.locking import (
    Holder,
    LeaseHeld,
    LeaseLost,
    LeaseStore,
    LeaseTiming,
    LeaseUnavailable,
    WaitPolicy,
)
from nba_consolidation.warehouse.errors import WarehouseBusy
from nba_consolidation_tests.consolidation.workbench import KNOWN

from .faulty import CALM, FaultyStaging, FaultyWarehouse, Habits
from .journal import Journal
from .lease_places import store_at
from .plan import HOUR, Order
from .rows import DATES
from .signs import is_over, slept_over

EXPECTED = (FencedOut, LeaseHeld, LeaseLost, LeaseUnavailable, WarehouseBusy)
_CHANGED = "it changed since it was listed"


def run(order: Order) -> None:
    """Until the storm is over, or something happens that must not."""
    folder, rng = Path(order.folder), order.rng
    journal = Journal(folder, order.name)
    habits = Habits.in_the_storm(deaf=order.deaf, fenced=order.fenced)
    leases = store_at(order.leases, order.skew)
    consolidator = consolidator_of(folder, leases, order.ttl, habits, rng, order.skew, note=journal.note)
    for number in count():
        if is_over(folder):
            return
        try:
            journal.note(outcomes=attempt(consolidator, _wanted(folder, rng), f"{order.name}_{number}"))
        except Exception:
            journal.note(failure=f"{order.name}: {traceback.format_exc()}")
            raise
        time.sleep(rng.uniform(0.0, 0.1))


def merge_late(order: Order) -> None:
    """One consolidation of the first date by a process that stops itself right before its merge, with a lease in hand.

    Once somebody wakes it, it merges, and notes what came of that.
    """
    folder = Path(order.folder)
    journal, habits = Journal(folder, order.name), Habits(deaf=True, fenced=order.fenced, stops_itself=1.0)
    leases = store_at(order.leases)
    consolidator = consolidator_of(folder, leases, order.ttl, habits, order.rng, note=journal.note)
    journal.note(outcomes=attempt(consolidator, DATES[:1], order.name))


def _wanted(folder: Path, rng: Random) -> list[dt.date]:
    """Any dates; as often as not, those that somebody else sleeps over."""
    if rng.random() < 0.5 and (dates := slept_over(folder)):
        return [dt.date.fromisoformat(rng.choice(dates))]
    return rng.sample(DATES, rng.choice((1, 1, 1, 2, 4)))


def consolidator_of(
    folder: Path,
    leases: LeaseStore,
    ttl: float,
    habits: Habits,
    rng: Random,
    skew: int = 0,
    *,
    note: Callable[..., object] = lambda **_: None,
) -> Consolidator:
    """What consolidates in the storm; with calm habits, after it."""
    staging = FaultyStaging(folder, habits, rng, note)
    return Consolidator(
        FaultyWarehouse(folder, staging, habits, rng, note),
        staging,
        leases,
        known=lambda: KNOWN,
        timing=LeaseTiming(ttl),
        wait=WaitPolicy(limit=1.0, poll=0.1),
        clock=lambda: dt.datetime.now(dt.UTC) + dt.timedelta(seconds=skew),
    )


def calm_consolidator(folder: Path, leases: LeaseStore) -> Consolidator:
    return consolidator_of(folder, leases, HOUR, CALM, Random(0))


def attempt(consolidator: Consolidator, dates: Sequence[dt.date], run_id: str) -> list[str]:
    """One consolidation, and what came of it: one word, or one for each date that failed alone."""
    try:
        report = consolidator.consolidate(dates, Holder.here(run_id))
    except EXPECTED as error:
        return [type(error).__name__]
    assert not (unheard_of := list(_unheard_of(report))), unheard_of
    return [
        *(type(error).__name__ for error in report.poisoned.values()),
        *(["consolidated"] if report.dates else [] if report.poisoned else ["nothing new"]),
        *("table changed" for _ in report.refused),
    ]


def _unheard_of(report: ConsolidationReport) -> Iterable[ConsolidationError | str]:
    yield from (error for error in report.poisoned.values() if not isinstance(error, EXPECTED))
    yield from (table.reason for table in report.refused if not table.reason.startswith(_CHANGED))
    yield from (f"{counts} is not conserved" for counts in report.dates if not counts.conserved)
