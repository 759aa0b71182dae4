"""Grades validated predictions against box scores: one row per prediction, in one transaction under leases of its own.

The rules for outcomes are in `sql/13_grades.sql`.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from nba_consolidation.fencing.audits import as_options
from nba_consolidation.fencing.fenced_writer import FencedWriter, LeasedDates, log_outcome, total_cost
from nba_consolidation.leases import Holder
from nba_consolidation.observability import log_event
from nba_consolidation.operations.repair.accuracy import LOCK_TYPE, AccuracyRepairer
from nba_consolidation.pipeline.grading import transaction
from nba_consolidation.pipeline.grading.box_scores import problems_of
from nba_consolidation.pipeline.grading.result import GradedDate, GradingFinding, GradingReport
from nba_consolidation.pipeline.grading.similar_names import UnmatchedName, most_similar_names
from nba_consolidation.schema import ALL_TABLES, BOX_SCORES
from nba_consolidation.sql import over_dates
from nba_consolidation.warehouse.interface import TransactionResult

_log = logging.getLogger(__name__)
_LOGGED_TOTALS = ("active", "correct", "wrong", "waiting", "without_box_score", "inserted", "updated", "removed")


@dataclass(frozen=True)
class Grader:
    """Grades game dates. scales: `percent` or `fraction` for systems with a declared scale, as in the validation."""

    writer: FencedWriter
    scales: Mapping[str, str] = field(default_factory=dict)

    def grade(
        self, dates: Collection[dt.date], holder: Holder, on_step: Callable[[str], None] = lambda _: None
    ) -> GradingReport:
        """Grades the validated predictions of the dates. Only predictions whose grade changes are written.

        Duplicates and percentages that a writer without a fence left are repaired first, in the same transaction.
        A range of dates is one transaction; if it fails, each date is tried alone, and `poisoned` has those that fail.
        Raises LeaseError if the lease cannot be acquired or was lost, WarehouseError if the warehouse cannot be used.
        """
        ordered = sorted(dates)
        self.writer.warehouse.create_tables(ALL_TABLES)
        on_step("lease")
        with self.writer.holding(LOCK_TYPE, ordered, holder) as leased:
            results, poisoned = leased.write_each(ordered, partial(self._grade, leased, on_step))
        report = GradingReport(
            run_id=holder.run_id,
            dates=tuple(GradedDate(**row) for result in results for row in result.rows["graded_date_counts"]),
            findings=tuple(GradingFinding(**row) for result in results for row in result.rows["grading_findings"]),
            problems=tuple(problem for result in results for problem in problems_of(result)),
            poisoned=poisoned,
            lease_wait_ms=leased.lease.waited_ms,
            lease_hold_ms=leased.lease.held_ms,
            transaction_ms=round(1000 * sum(result.seconds for result in results)),
            cost=total_cost(results),
        )
        _log_report(report)
        return report

    def _grade(
        self, leased: LeasedDates, on_step: Callable[[str], None], dates: Sequence[dt.date]
    ) -> TransactionResult:
        warehouse, repairer = self.writer.warehouse, AccuracyRepairer(self.writer, self.scales)
        box_scores, live = warehouse.live_columns(BOX_SCORES.name), repairer.target.adopted_columns(warehouse)
        repairer.target.carry_all_columns(leased, dates, live)
        unmatched = warehouse.run(transaction.unmatched_names(over_dates(dates), box_scores)).rows["unmatched_names"]
        similar = [vars(pair) for pair in most_similar_names([UnmatchedName(**row) for row in unmatched])]
        broken = repairer.broken(dates)
        return leased.write(
            dates,
            lambda parameters: [
                *(repairer.statements(parameters, live) if broken else ()),
                *transaction.grading(parameters, uuid.uuid4().hex, box_scores, live, similar),
            ],
            next_step=f". Run: nba-consolidation repair accuracy {as_options(dates)}, then grade again",
            on_statement=on_step,
        )


def _log_report(report: GradingReport) -> None:
    for date in report.dates:
        log_event(_log, "date_graded", run_id=report.run_id, **vars(date))
    log_outcome(
        _log,
        "graded",
        report.run_id,
        [date.game_date for date in report.dates],
        report.poisoned,
        **{figure: report.total(figure) for figure in _LOGGED_TOTALS},
        lease_wait_ms=report.lease_wait_ms,
        lease_hold_ms=report.lease_hold_ms,
        transaction_ms=report.transaction_ms,
    )
