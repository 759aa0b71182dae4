"""The use case: decides about calibrations for game dates, or records a person's decision, in one transaction."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from nba_consolidation.fencing.audits import DUPLICATE_CALIBRATIONS
from nba_consolidation.fencing.fenced_writer import FencedWriter, LeasedDates, Parameters, log_outcome
from nba_consolidation.leases import Holder
from nba_consolidation.observability import log_event
from nba_consolidation.pipeline.analysis.recalibration.decision import (
    CalibrationDecision,
    RecalibrationPolicy,
    decide_all,
)
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import BetWindow, read_graded_bets
from nba_consolidation.pipeline.analysis.recalibration.versions import (
    ROLLED_BACK,
    CalibrationEvent,
    CalibrationState,
    CalibrationVersion,
    first_effective_date,
    read_history,
    with_decision,
)
from nba_consolidation.schema import ALL_TABLES, CALIBRATION_EVENTS, CALIBRATION_VERSIONS, Table
from nba_consolidation.settings import today
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.arrow_types import arrow_type

LOCK_TYPE = "recalibration"
HISTORY_DATE = dt.date(1946, 11, 1)
"""The date, that of the first NBA game, under which the history of all calibrations has a lease and a fence."""
_LINEAGE = ("lease_token", "run_id", "computed_at", "recorded_at")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecalibrationReport:
    """The decisions by date and system, and the numbers of written rows. Lease times are in milliseconds."""

    run_id: str
    decisions: tuple[CalibrationDecision, ...]
    versions_written: int
    events_written: int
    seconds: float
    lease_wait_ms: int = 0
    lease_hold_ms: int = 0

    def of_date(self, date: dt.date) -> list[CalibrationDecision]:
        """The decisions for one date."""
        return [decision for decision in self.decisions if decision.game_date == date]

    @property
    def rolled_back(self) -> list[CalibrationDecision]:
        return [decision for decision in self.decisions if decision.rolled_back]


@dataclass(frozen=True)
class Recalibrator:
    """Recalibrates systems, and records decisions about calibrations."""

    writer: FencedWriter
    policy: RecalibrationPolicy = field(default_factory=RecalibrationPolicy)

    def recalibrate(
        self,
        dates: Collection[dt.date],
        holder: Holder,
        *,
        approve: str | None = None,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> RecalibrationReport:
        """Decides for each date in order, and records everything in one transaction.

        approve: who approves major changes in advance; they wait without it. Raises LeaseError, WarehouseError,
        FencedOut, AuditFailed; then nothing was written. A version that is rolled back is logged as an error.
        """
        started, ordered = time.monotonic(), sorted(set(dates))
        if not ordered:
            return RecalibrationReport(holder.run_id, (), 0, 0, 0.0)
        warehouse, policy = self.writer.warehouse, self.policy
        warehouse.create_tables(ALL_TABLES)
        with self.writer.holding(LOCK_TYPE, [HISTORY_DATE, *ordered], holder) as leased:
            on_step("read the bets")
            bets = read_graded_bets(warehouse, ordered[0] - dt.timedelta(policy.window_days), ordered[-1])
            before = history = read_history(warehouse)
            decisions: list[CalibrationDecision] = []
            events: list[_DatedEvent] = []
            for date in ordered:
                on_step(f"recalibrate for {date}")
                known = len(history.events)
                of_date, history = decide_all(BetWindow.of(date, policy.window_days, bets), history, policy, approve)
                decisions += of_date
                events += [_DatedEvent(event, date) for event in history.events[known:]]
            versions = history.versions[len(before.versions) :]
            if events:
                _write(leased, ordered, versions, events)
        report = RecalibrationReport(
            holder.run_id, tuple(decisions), len(versions), len(events), round(time.monotonic() - started, 3),
            leased.lease.waited_ms, leased.lease.held_ms,
        )  # fmt: skip
        _log_report(report, [dated.event for dated in events], ordered)
        return report

    def decide(
        self,
        version_id: str,
        state: CalibrationState,
        effective: dt.date | None,
        reason: str,
        author: str,
        holder: Holder,
    ) -> CalibrationEvent:
        """Records a person's decision: ACTIVE approves, REJECTED declines, ROLLED_BACK rolls back.

        effective: the first game date that it is for; by default today, or the version's first date if that is later.
        Raises DecisionRefused, LeaseError, WarehouseError, FencedOut, AuditFailed; then nothing was written.
        """
        warehouse = self.writer.warehouse
        warehouse.create_tables(ALL_TABLES)
        date = read_history(warehouse).version(version_id).game_date
        with self.writer.holding(LOCK_TYPE, [HISTORY_DATE, date], holder) as leased:
            history = read_history(warehouse)
            first = first_effective_date(history, history.version(version_id))
            decided = with_decision(history, version_id, state, effective or max(first, today()), reason, author)
            event = decided.events[-1]
            _write(leased, [date], (), [_DatedEvent(event, date)])
        _log_event(event, holder.run_id, logging.INFO)
        return event


@dataclass(frozen=True)
class _DatedEvent:
    """An event, and the date whose recalibration made it: the lease of that date protects the row."""

    event: CalibrationEvent
    lease_date: dt.date


def _log_report(report: RecalibrationReport, events: Sequence[CalibrationEvent], dates: Sequence[dt.date]) -> None:
    for event in events:
        _log_event(event, report.run_id, logging.ERROR if event.state is ROLLED_BACK else logging.INFO)
    log_outcome(
        _log, "recalibrated", report.run_id, dates, versions_written=report.versions_written,
        events_written=report.events_written, ms=round(1000 * report.seconds),
        lease_wait_ms=report.lease_wait_ms, lease_hold_ms=report.lease_hold_ms,
    )  # fmt: skip


def _log_event(event: CalibrationEvent, run_id: str, level: int) -> None:
    log_event(
        _log, f"calibration_{event.state.value}", level, run_id=run_id, version_id=event.version_id,
        system_id=event.system_id, game_date=event.effective_date, author=event.author, reason=event.reason,
    )  # fmt: skip


def _write(
    leased: LeasedDates, dates: Sequence[dt.date], versions: Sequence[CalibrationVersion], events: Sequence[_DatedEvent]
) -> None:
    """The history has a lease and a fence too, so that events of two dates never get one number."""
    version_rows = [version.as_row() | {"lease_date": version.game_date} for version in versions]
    event_rows = [dated.event.as_row() | {"lease_date": dated.lease_date} for dated in events]
    relations = {
        "new_versions": pa.Table.from_pylist(version_rows, _schema(CALIBRATION_VERSIONS)),
        "new_events": pa.Table.from_pylist(event_rows, _schema(CALIBRATION_EVENTS)),
    }

    def insert(table: Table, new_rows: str, written_at: str, parameters: Parameters) -> Statement:
        columns = [name for name in table.column_names if name not in _LINEAGE]
        names = {"TABLE": table.name, "NEW_ROWS": new_rows, "WRITTEN_AT": written_at}
        return Statement("insert_missing", parameters, columns, names=names)

    def statements(parameters: Parameters) -> list[Statement]:
        return [
            insert(CALIBRATION_VERSIONS, "new_versions", "computed_at", parameters),
            insert(CALIBRATION_EVENTS, "new_events", "recorded_at", parameters),
            DUPLICATE_CALIBRATIONS.statement(parameters),
        ]

    leased.write([HISTORY_DATE, *dates], statements, relations=relations)


def _schema(table: Table) -> pa.Schema:
    columns = [(column.name, arrow_type(column.type)) for column in table.columns if column.name not in _LINEAGE]
    return pa.schema([*columns, ("lease_date", pa.date32())])
