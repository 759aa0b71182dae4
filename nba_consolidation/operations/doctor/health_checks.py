"""Whether the stores that everything needs are there and let us: looked at in turn, one finding each.

Changes nothing, but for a lease of its own that is taken and given back. What is wrong is told, never raised. What is
on this machine is looked at in `machine`, Dagster in `nba_consolidation.orchestration.dagster_instance`.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import Holder, LeaseStore, lease_key
from nba_consolidation.operations import bootstrap
from nba_consolidation.schema import BOX_SCORES, FENCES
from nba_consolidation.settings import variable
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.errors import TableMissing
from nba_consolidation.warehouse.interface import Warehouse
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingArea

_PROBES = 5
_PROBE_TTL = 10.0  # seconds: if we die in between, nobody is in anybody's way
SLOW_LEASE_MS = 100.0
_GRADED_BY = ("player_lookup", "game_id", "game_date", "points", "minutes_played")
_CLOCK_DIFFERENCE = 60.0  # seconds; rows from more than five minutes ahead are quarantined


class Verdict(StrEnum):
    """How a finding is to be taken; from the least to the worst."""

    UNKNOWN = "not looked at"
    FINE = "fine"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """What was looked at, and what was seen; of what is not fine, what to do too."""

    subject: str
    verdict: Verdict
    told: str


Look = tuple[str, Callable[[], tuple[Verdict, str]]]
"""A subject, and how it is looked at."""


def stores(
    warehouse: Warehouse, staging: StagingArea, leases: LeaseStore, known: Callable[[], KnownDates]
) -> Sequence[Look]:
    """The looks at the lease store, the warehouse and the staging area."""
    return (
        ("lease store", lambda: _answers(leases.check, "lets us read and write")),
        ("lease round trip", lambda: _round_trip(leases)),
        ("warehouse", lambda: _answers(warehouse.check, "lets us read")),
        ("tables", lambda: _tables(warehouse)),
        ("permission to write", lambda: _may_write(warehouse)),
        ("box scores", lambda: _box_scores(warehouse)),
        ("staging area", lambda: _staging(staging, known())),
    )


def examine(looks: Iterable[Look], on_look: Callable[[str], None] = lambda _: None) -> list[Finding]:
    """The findings, one for each look. on_look: called with each subject before it is looked at."""
    findings = []
    for subject, look in looks:
        on_look(subject)
        try:
            findings.append(Finding(subject, *look()))
        except ConsolidationError as error:
            findings.append(Finding(subject, Verdict.FAILED, str(error)))
    return findings


def _answers(check: Callable[[], None], told: str) -> tuple[Verdict, str]:
    began = time.perf_counter()
    check()
    return Verdict.FINE, f"{told}; answered in {1000 * (time.perf_counter() - began):,.0f} ms"


def _round_trip(leases: LeaseStore) -> tuple[Verdict, str]:
    """A lease that is nobody's business, taken and given back a few times; the first one makes the connection."""
    key, holder = lease_key("doctor", dt.datetime.now(dt.UTC).date()), Holder.here("doctor")
    took_ms, ahead = [], 0.0
    for _ in range(_PROBES):
        began = time.perf_counter()
        (record,) = leases.try_acquire([key], holder, _PROBE_TTL, operation_id=uuid.uuid4().hex)
        ahead = (record.acquired_at - dt.datetime.now(dt.UTC)).total_seconds()
        leases.release([record])
        took_ms.append(1000 * (time.perf_counter() - began))
    median = statistics.median(took_ms)
    told = f"{median:,.1f} ms to take and give back; the store's clock differs from ours by {ahead:+.2f} s"
    if abs(ahead) > _CLOCK_DIFFERENCE:
        return Verdict.WARNING, f"{told}: set this machine's clock, or its rows are taken to be from another time"
    if median > SLOW_LEASE_MS:
        return Verdict.WARNING, f"{told}: above {SLOW_LEASE_MS:g} ms; run nearer to the database"
    return Verdict.FINE, told


def _tables(warehouse: Warehouse) -> tuple[Verdict, str]:
    changes = bootstrap.plan(warehouse)
    missing = [change.table.name for change in changes if change.creates]
    lacking = [f"{change.table.name} lacks {column.name}" for change in changes for column in change.missing]
    unfit = [told for change in changes for told in change.unfit]
    if missing or (lacking and not unfit):
        told = "; ".join([*(f"{name} is missing" for name in missing), *lacking])
        return Verdict.FAILED, f"{told}. See what would be done with `nba-consolidation bootstrap`, then --apply it"
    if unfit:
        return Verdict.FAILED, f"{'; '.join(unfit)}. Migrate these columns to the declared types"
    differing = [
        f"{change.table.name}.{ours.name} is {live.type}, not {ours.type}"
        for change in changes
        for ours, live in change.differing
    ]
    return Verdict.FINE, f"all {len(changes)} are there" + "".join(f"; {told}" for told in differing)


def _may_write(warehouse: Warehouse) -> tuple[Verdict, str]:
    try:
        warehouse.live_columns(FENCES.name)
    except TableMissing:
        return Verdict.UNKNOWN, "the tables come first"
    warehouse.run([Statement("may_write")])
    return Verdict.FINE, "an insert of no rows was let through"


def _box_scores(warehouse: Warehouse) -> tuple[Verdict, str]:
    """Somebody else's table in production: what grading reads of it must be there."""
    try:
        live = warehouse.live_columns(BOX_SCORES.name)
    except TableMissing as error:
        return (
            Verdict.WARNING,
            f"{error}. Until then nothing is graded; in production {variable('box_scores')} names it",
        )
    there = {column.name for column in live}
    lacking = [name for name in BOX_SCORES.column_names if name not in there]
    told = f"{BOX_SCORES.name} has {len(BOX_SCORES.columns) - len(lacking)} of {len(BOX_SCORES.columns)} columns"
    needed = [name for name in lacking if name in _GRADED_BY]
    if needed:
        return Verdict.FAILED, f"{told} and lacks {', '.join(needed)}, without which nothing can be graded: add them"
    return Verdict.FINE, told + "".join(f"; without {name}" for name in lacking)


def _staging(staging: StagingArea, known: KnownDates) -> tuple[Verdict, str]:
    tables = staging.list_tables(known)
    refused = [table.name for table in tables if table.refusal]
    told = f"{len(tables):,} staging tables"
    if refused:
        return Verdict.WARNING, f"{told}, {len(refused):,} of which nobody can take: see `nba-consolidation status`"
    return Verdict.FINE, told
