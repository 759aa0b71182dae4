"""A process that consolidates a few dates again and again, and notes the outcome of each attempt.

Expected errors are counted by kind; any other error is a failure, noted with its traceback.
"""

from __future__ import annotations

import datetime as dt
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from random import Random

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import FencedOut
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder, LeaseHeld, LeaseLost, LeaseStore, LeaseTiming, LeaseUnavailable, WaitPolicy
from nba_consolidation.pipeline.consolidation.consolidate import Consolidator
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.warehouse.errors import WarehouseBusy
from nba_consolidation_tests.chaos.faulty import WELL_BEHAVED, FaultyStaging, FaultyWarehouse, Misbehaviour
from nba_consolidation_tests.chaos.flags import dates_of_sleepers, is_over
from nba_consolidation_tests.chaos.journal import Journal
from nba_consolidation_tests.chaos.lease_backends import store_at
from nba_consolidation_tests.chaos.plan import HOUR, Order
from nba_consolidation_tests.chaos.rows import DATES
from nba_consolidation_tests.pipeline.consolidation.workbench import KNOWN

EXPECTED = (FencedOut, LeaseHeld, LeaseLost, LeaseUnavailable, WarehouseBusy)
_CHANGED = "it changed since it was listed"


def run(order: Order) -> None:
    """Consolidates until the storm is over or an unexpected error occurs."""
    folder, rng = Path(order.folder), order.rng
    journal = Journal(folder, order.name)
    misbehaviour = Misbehaviour.during_storm(ignores_loss=order.ignores_loss)
    leases = store_at(order.leases, order.skew)
    consolidator = consolidator_of(folder, leases, order.ttl, misbehaviour, rng, order.skew, note=journal.note)
    for number in count():
        if is_over(folder):
            return
        try:
            journal.note(outcomes=attempt(consolidator, _choose_dates(folder, rng), f"{order.name}_{number}"))
        except Exception:
            journal.note(failure=f"{order.name}: {traceback.format_exc()}")
            raise
        time.sleep(rng.uniform(0.0, 0.1))


def merge_late(order: Order) -> None:
    """Consolidates the first date once; the process stops itself right before its merge, while it holds the lease.

    When another process wakes it, it merges and notes the outcome.
    """
    folder = Path(order.folder)
    journal = Journal(folder, order.name)
    misbehaviour = Misbehaviour(ignores_loss=True, fenced=order.fenced, stops_itself=1.0)
    leases = store_at(order.leases)
    consolidator = consolidator_of(folder, leases, order.ttl, misbehaviour, order.rng, note=journal.note)
    journal.note(outcomes=attempt(consolidator, DATES[:1], order.name))


def _choose_dates(folder: Path, rng: Random) -> list[dt.date]:
    """Random dates; with a chance of 50 %, a date of a process that sleeps right before its merge."""
    if rng.random() < 0.5 and (dates := dates_of_sleepers(folder)):
        return [dt.date.fromisoformat(rng.choice(dates))]
    return rng.sample(DATES, rng.choice((1, 1, 1, 2, 4)))


def consolidator_of(
    folder: Path,
    leases: LeaseStore,
    ttl: float,
    misbehaviour: Misbehaviour,
    rng: Random,
    skew: int = 0,
    *,
    note: Callable[..., object] = lambda **_: None,
) -> Consolidator:
    """The consolidator of a storm; without misbehaviour, the one that runs after it."""
    staging = FaultyStaging(folder, misbehaviour, rng, note)
    writer = FencedWriter(
        FaultyWarehouse(folder, staging, misbehaviour, rng, note),
        leases,
        timing=LeaseTiming(ttl),
        wait=WaitPolicy(limit=1.0, poll=0.1),
        clock=lambda: dt.datetime.now(dt.UTC) + dt.timedelta(seconds=skew),
    )
    return Consolidator(writer, staging, lambda: KNOWN)


def undisturbed_consolidator(folder: Path, leases: LeaseStore) -> Consolidator:
    return consolidator_of(folder, leases, HOUR, WELL_BEHAVED, Random(0))


def attempt(consolidator: Consolidator, dates: Sequence[dt.date], run_id: str) -> list[str]:
    """Runs one consolidation and returns its outcomes: one, or one for each date that failed alone."""
    try:
        report = consolidator.consolidate(dates, Holder.here(run_id))
    except EXPECTED as error:
        return [type(error).__name__]
    assert not (unexpected := list(_unexpected(report))), unexpected
    return [
        *(type(error).__name__ for error in report.poisoned.values()),
        *(["consolidated"] if report.dates else [] if report.poisoned else ["nothing new"]),
        *("table changed" for _ in report.refused),
    ]


def _unexpected(report: ConsolidationReport) -> Iterable[ConsolidationError | str]:
    yield from (error for error in report.poisoned.values() if not isinstance(error, EXPECTED))
    yield from (table.reason for table in report.refused if not table.reason.startswith(_CHANGED))
    yield from (f"{counts} is not conserved" for counts in report.dates if not counts.conserved)
