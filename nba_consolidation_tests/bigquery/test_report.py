"""The daily report on BigQuery: every statement runs there."""

from __future__ import annotations

import datetime as dt

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.operations.daily_quality.examine import Quality
from nba_consolidation.operations.daily_quality.readings import Reader
from nba_consolidation.pipeline.analysis.performance.analyse import Analyst
from nba_consolidation.pipeline.daily_report.gather import Reporter
from nba_consolidation.pipeline.daily_report.page import page
from nba_consolidation.pipeline.grading.grade import Grader
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation_tests.bigquery.test_quality import SCORE
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, KNOWN, NO_WAIT, NOW
from nba_consolidation_tests.pipeline.grading.workbench import bet

MORNING_AFTER = dt.datetime(2026, 1, 16, 13, tzinfo=dt.UTC)


def test_the_figures_of_the_report_are_those_of_the_ledgers(bench: BigQueryBench) -> None:
    bench.warehouse.create_tables([BOX_SCORES])
    bench.select(SCORE)
    bench.stage(bet(), bet(player="waits", game_id="20260115_LAL_GSW", team_abbr="LAL"), bet("99.5", "wild"))
    bench.consolidate()
    bench.validate()
    writer = FencedWriter(bench.warehouse, bench.leases, clock=lambda: NOW, wait=NO_WAIT)
    Grader(writer).grade([DATE], Holder.here("grading"))
    Analyst(writer).analyse([DATE], Holder.here("analysis"))
    quality = Quality(Reader(bench.warehouse, bench.staging, bench.leases, lambda: KNOWN), clock=lambda: MORNING_AFTER)
    reporter = Reporter(
        bench.warehouse, bench.staging, bench.leases, lambda: KNOWN, quality, "emulated", clock=lambda: MORNING_AFTER
    )
    assert reporter.latest_date() == DATE
    report = reporter.report(DATE, DATE)
    work = report.work
    (totals,) = work.consolidated
    assert (totals["staged"], totals["inserted"] + totals["quarantined"], totals["consolidations"]) == (3, 3, 1)
    assert [work.total_graded(outcome) for outcome in ("correct", "waiting", "voided")] == [1, 1, 1]
    assert set(work.duplicates.values()) == {0}
    (system,) = report.reliability
    assert (system.bets, system.stated[0].correct, system.in_force) == (1, 1, None)
    assert "100.0 %" in page(report)
