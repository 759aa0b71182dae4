"""Health checks of the stores: whether each can be reached, read and written.

They change nothing, except that they acquire and release a lease of their own. A fault is a result, never an error.
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
from nba_consolidation.operations.lost_lease_store import fence_ahead
from nba_consolidation.operations.unfinished_dates import abandoned_dates, some_dates
from nba_consolidation.pipeline.consolidation.outstanding import outstanding
from nba_consolidation.schema import BOX_SCORES, FENCES
from nba_consolidation.settings import variable
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.errors import TableMissing, WarehouseError
from nba_consolidation.warehouse.interface import Warehouse
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingArea

_ROUND_TRIPS = 5
_TTL = 10.0
"""Seconds. Nobody waits for this lease if the doctor dies while it holds it."""
SLOW_LEASE_MS = 100.0
_CLOCK_TOLERANCE = 60.0
"""Seconds; rows that were created more than five minutes in the future are quarantined."""
_NEEDED_FOR_GRADING = ("player_lookup", "game_id", "game_date", "points", "minutes_played")


class Health(StrEnum):
    """The outcome of a health check, from the best to the worst."""

    UNKNOWN = "not checked"
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class HealthResult:
    """The outcome for one subject. detail: the measurement and, unless it is OK, the next step."""

    subject: str
    health: Health
    detail: str


HealthCheck = tuple[str, Callable[[], tuple[Health, str]]]
"""A subject, and the function that checks it."""


def run_checks(checks: Iterable[HealthCheck], on_check: Callable[[str], None] = lambda _: None) -> list[HealthResult]:
    """One result for each check. on_check: called with each subject before it is checked."""
    results = []
    for subject, check in checks:
        on_check(subject)
        try:
            results.append(HealthResult(subject, *check()))
        except ConsolidationError as error:
            results.append(HealthResult(subject, Health.FAILED, str(error)))
    return results


def store_checks(
    warehouse: Warehouse,
    staging: StagingArea,
    leases: LeaseStore,
    known_dates: Callable[[], KnownDates],
    *,
    evolve: bool = False,
) -> Sequence[HealthCheck]:
    """The checks of the lease store, the warehouse and the staging area. Only `permission to write` opens to write."""
    reader = warehouse.reader()
    return (
        ("lease store", lambda: _access(leases.check, "can be read and written")),
        ("lease round trip", lambda: _round_trip(leases)),
        ("warehouse", lambda: _access(reader.check, "can be read")),
        ("tables", lambda: _tables(reader)),
        ("fences", lambda: _fences(reader, leases)),
        ("unfinished dates", lambda: _unfinished(reader, leases)),
        ("permission to write", lambda: _write_permission(warehouse)),
        ("box scores", lambda: _box_scores(reader)),
        ("staging area", lambda: _staging(staging, known_dates(), reader, evolve=evolve)),
    )


def _access(check: Callable[[], None], outcome: str) -> tuple[Health, str]:
    began = time.perf_counter()
    check()
    return Health.OK, f"{outcome}; answered in {1000 * (time.perf_counter() - began):,.0f} ms"


def _round_trip(leases: LeaseStore) -> tuple[Health, str]:
    """Acquires and releases a lease that nobody else uses, a few times: the first time includes the connection."""
    key, holder = lease_key("doctor", dt.datetime.now(dt.UTC).date()), Holder.here("doctor")
    milliseconds, ahead = [], 0.0
    for _ in range(_ROUND_TRIPS):
        began = time.perf_counter()
        (record,) = leases.try_acquire([key], holder, _TTL, operation_id=uuid.uuid4().hex)
        ahead = (record.acquired_at - dt.datetime.now(dt.UTC)).total_seconds()
        leases.release([record])
        milliseconds.append(1000 * (time.perf_counter() - began))
    median = statistics.median(milliseconds)
    detail = f"{median:,.1f} ms to acquire and release; the store's clock differs from this machine's by {ahead:+.2f} s"
    if abs(ahead) > _CLOCK_TOLERANCE:
        return Health.WARNING, f"{detail}. Set this machine's clock: rows that it dates in the future are quarantined"
    if median > SLOW_LEASE_MS:
        return Health.WARNING, f"{detail}. Above {SLOW_LEASE_MS:g} ms: run closer to the database"
    return Health.OK, detail


def _tables(warehouse: Warehouse) -> tuple[Health, str]:
    planned = bootstrap.plan(warehouse)
    changes = planned.tables
    missing = [f"{change.table.name} is missing" for change in changes if change.creates]
    missing += [f"{change.table.name} lacks {column.name}" for change in changes for column in change.missing]
    unfit = [reason for change in changes for reason in change.unfit]
    if unfit and not any(change.creates for change in changes):
        return Health.FAILED, f"{'; '.join(unfit)}. Migrate these columns to the declared types"
    if missing:
        return Health.FAILED, f"{'; '.join(missing)}. Run: nba-consolidation bootstrap, then with --apply"
    if planned.carried_over:
        dates = f"{len(planned.carried_over)} date(s) of a previous version are not in published_predictions"
        return Health.WARNING, f"{dates}. Run: nba-consolidation bootstrap --apply"
    differing = [
        f"; {change.table.name}.{declared.name} is {live.type}, not {declared.type}"
        for change in changes
        for declared, live in change.differing
    ]
    return Health.OK, f"all {len(changes)} exist{''.join(differing)}"


def _fences(warehouse: Warehouse, leases: LeaseStore) -> tuple[Health, str]:
    try:
        fence = fence_ahead(warehouse, leases)
    except ConsolidationError as error:  # the failing store has a result of its own
        return Health.UNKNOWN, f"the fences cannot be compared with the lease store: {error}"
    if fence is None:
        return Health.OK, "the lease store gives out larger tokens than every fence has"
    cause = f"the lease store gives out smaller tokens than the fences have ({fence.describe()}), so no run can write"
    to_do = f"nba-consolidation locks reseed --token {fence.token} --reason REASON"
    return Health.FAILED, (
        f"{cause}: it was lost or restored, or another one is in use. Use the store that wrote the fences. If it is "
        f"lost, stop all writers and run: {to_do}"
    )


def _unfinished(warehouse: Warehouse, leases: LeaseStore) -> tuple[Health, str]:
    try:
        dates = abandoned_dates(warehouse, leases).all
    except ConsolidationError as error:  # the failing store has a result of its own
        return Health.UNKNOWN, f"the consolidated dates cannot be compared with the validated ones: {error}"
    if not dates:
        return Health.OK, "every consolidated date is validated and published"
    cause = "were consolidated, but not validated or not published since, perhaps because a process died"
    return Health.WARNING, f"{len(dates):,} date(s) {cause}: {some_dates(dates)}. Run: nba-consolidation consolidate"


def _write_permission(warehouse: Warehouse) -> tuple[Health, str]:
    try:
        warehouse.reader().live_columns(FENCES.name)
    except TableMissing:
        return Health.UNKNOWN, "the tables must be created first"
    warehouse.run([Statement("write_probe")])
    return Health.OK, "an insert of no rows was allowed"


def _box_scores(warehouse: Warehouse) -> tuple[Health, str]:
    """In production another system owns the table, so it may lack columns."""
    try:
        live = {column.name for column in warehouse.live_columns(BOX_SCORES.name)}
    except TableMissing as error:
        return Health.WARNING, f"{error}. Nothing can be graded; in production, name it with {variable('box_scores')}"
    missing = [name for name in BOX_SCORES.column_names if name not in live]
    needed = [name for name in missing if name in _NEEDED_FOR_GRADING]
    detail = f"{BOX_SCORES.name} has {len(BOX_SCORES.columns) - len(missing)} of {len(BOX_SCORES.columns)} columns"
    if needed:
        return Health.FAILED, f"{detail}. Add {', '.join(needed)}: nothing can be graded without them"
    return Health.OK, detail + "".join(f"; without {name}" for name in missing)


def _staging(staging: StagingArea, known: KnownDates, warehouse: Warehouse, *, evolve: bool) -> tuple[Health, str]:
    staging.check_write()
    tables = staging.list_tables(known)
    summary = f"can be written; {len(tables):,} staging tables"
    try:
        refused = sum(table.refusal is not None for table in outstanding(warehouse, tables, evolve=evolve))
    except WarehouseError:  # the warehouse has a result of its own
        return Health.OK, f"{summary}. Which of them are refused is not known without the warehouse"
    if refused:
        return Health.WARNING, f"{summary}, {refused:,} of them refused. See: nba-consolidation status"
    return Health.OK, summary
