"""The use case: validated predictions of some game dates are graded against box scores, one row per prediction.

Under leases of its own, in one transaction. What is right and what is wrong stands in the SQL.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from nba_consolidation.fencing.fenced_writer import FencedWriter, LeasedDates, log_outcome, total_cost
from nba_consolidation.leases import Holder
from nba_consolidation.observability import log_event
from nba_consolidation.operations.repair.repair import (
    LOCK_TYPE,
    REPAIR_AUDITS,
    Repairer,
    adopted_columns,
    carry_all_columns,
)
from nba_consolidation.pipeline.grading import transaction
from nba_consolidation.pipeline.grading.box_scores import problems_of
from nba_consolidation.pipeline.grading.result import Finding, GradedDate, GradingReport
from nba_consolidation.schema import ALL_TABLES, BOX_SCORES
from nba_consolidation.warehouse.interface import TransactionResult

_log = logging.getLogger(__name__)
_TOLD = ("active", "correct", "wrong", "waiting", "without_box_score", "inserted", "updated", "removed")


@dataclass(frozen=True)
class Grader:
    """Everything a grading needs; `grade` is the one thing it does.

    scales: `percent` or `fraction`, for systems whose scale is known, as for the validation.
    """

    writer: FencedWriter
    scales: Mapping[str, str] = field(default_factory=dict)

    def grade(
        self, dates: Collection[dt.date], holder: Holder, on_step: Callable[[str], None] = lambda _: None
    ) -> GradingReport:
        """Grades the validated predictions of the dates; corrected box scores regrade, unchanged ones rewrite nothing.

        What an unfenced grader left doubled or in percent is repaired first, in the same transaction.

        A range is one transaction; when it fails, each date is tried alone, and `poisoned` names those that fail.
        Raises LeaseError where the lease cannot be had or was lost, WarehouseError where the warehouse cannot be used.
        """
        ordered = sorted(dates)
        self.writer.warehouse.create_tables(ALL_TABLES)
        on_step("lease")
        with self.writer.holding(LOCK_TYPE, ordered, holder) as leased:
            results, poisoned = leased.write_each(ordered, partial(self._grade, leased, on_step))
        report = GradingReport(
            run_id=holder.run_id,
            dates=tuple(GradedDate(**row) for result in results for row in result.rows["graded_date_counts"]),
            findings=tuple(Finding(**row) for result in results for row in result.rows["grading_findings"]),
            problems=tuple(problem for result in results for problem in problems_of(result)),
            poisoned=poisoned,
            lease_wait_ms=leased.lease.waited_ms,
            lease_hold_ms=leased.lease.held_ms,
            transaction_ms=round(1000 * sum(result.seconds for result in results)),
            cost=total_cost(results),
        )
        _tell(report)
        return report

    def _grade(
        self, leased: LeasedDates, on_step: Callable[[str], None], dates: Sequence[dt.date]
    ) -> TransactionResult:
        warehouse, repairer = self.writer.warehouse, Repairer(self.writer, self.scales)
        box_scores, live = warehouse.live_columns(BOX_SCORES.name), adopted_columns(warehouse)
        carry_all_columns(leased, dates, live)
        broken = repairer.broken(dates)
        return leased.write(
            dates,
            lambda parameters: [
                *(repairer.statements(parameters, live) if broken else ()),
                *transaction.grading(parameters, uuid.uuid4().hex, box_scores, live),
            ],
            audits={*transaction.AUDITS, *REPAIR_AUDITS},
            next_step="; run `nba-consolidation repair` on the date first",
            on_statement=on_step,
        )


def _tell(report: GradingReport) -> None:
    for date in report.dates:
        log_event(_log, "date_graded", run_id=report.run_id, **vars(date))
    log_outcome(
        _log,
        "graded",
        report.run_id,
        [date.game_date for date in report.dates],
        report.poisoned,
        **{figure: report.total(figure) for figure in _TOLD},
        lease_wait_ms=report.lease_wait_ms,
        lease_hold_ms=report.lease_hold_ms,
        transaction_ms=report.transaction_ms,
    )
