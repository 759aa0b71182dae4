"""One date on BigQuery, from staged rows to its daily report, and what an operator reads of it afterwards."""

from __future__ import annotations

from nba_consolidation.fencing.audits import AUDITS
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.operations.daily_quality.examine import Quality
from nba_consolidation.operations.daily_quality.readings import Reader
from nba_consolidation.operations.lease_history import lease_history
from nba_consolidation.operations.quarantine import quarantine
from nba_consolidation.operations.row_history import RowQuery, explain
from nba_consolidation.operations.status import dates_with_rows, status
from nba_consolidation.operations.unfinished_dates import unfinished_dates
from nba_consolidation.pipeline.analysis.performance.analyse import Analyst
from nba_consolidation.pipeline.daily_report.gather import Reporter
from nba_consolidation.pipeline.daily_report.page import page
from nba_consolidation.pipeline.grading.aliases import Aliases, aliases
from nba_consolidation.pipeline.grading.grade import Grader
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation_tests.bigquery.executed import executes, statements_by_folder
from nba_consolidation_tests.bigquery.test_quality import MORNING_AFTER, SCORE
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, KNOWN, NO_WAIT, NOW
from nba_consolidation_tests.pipeline.grading.workbench import bet

OF_BOX_SCORE_FILES = {"delivered_box_scores", "replaced_box_scores", "delete_replaced_box_scores", "insert_box_scores",
                      "box_score_counts", "box_score_dates"}  # fmt: skip


@executes(
    *("consolidation/", "validation/", "daily_quality/", "daily_report/"),
    *(statement for statement in statements_by_folder()["grading"] if statement not in OF_BOX_SCORE_FILES),
    *(audit.file or audit.name for audit in AUDITS),
    *("leases", "fence_rows", "fence", "fenced_out", "audit", "delete_dates", "table_rows"),
    *("explained_rows", "explained_losers", "quarantined_by_rule", "quarantined_rows", "lease_history"),
    *("validated_dates", "last_consolidations", "unvalidated_dates", "totals_of_all_tables"),
)
def test_the_figures_of_the_report_are_those_of_the_ledgers(bench: BigQueryBench) -> None:
    bench.warehouse.create_tables([BOX_SCORES])
    bench.select(SCORE)
    bench.select(SCORE.replace("jaimejaquezjr", "samexampleiii"))
    bench.stage(bet(), bet(player="waits", game_id="20260115_LAL_GSW", team_abbr="LAL"), bet("99.5", "wild"),
                bet(player="broken", predicted_points=99), bet(player="samexample"))  # fmt: skip
    bench.consolidate()
    assert unfinished_dates(bench.warehouse).unvalidated == (DATE,)
    bench.validate()
    assert unfinished_dates(bench.warehouse).unvalidated == ()
    bench.publish()
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
    assert (totals["staged"], totals["inserted"] + totals["quarantined"], totals["consolidations"]) == (5, 5, 1)
    assert [work.total_graded(outcome) for outcome in ("correct", "waiting", "voided")] == [1, 2, 1]
    assert set(work.duplicates.values()) == {0}
    (system,) = report.reliability
    assert (system.bets, system.stated[0].correct, system.in_force) == (1, 1, None)
    assert "100.0 %" in page(report)
    assert "samexample or samexampleiii" in page(report)
    Aliases(writer, DATE).record("samexample", "Sam Example III", Holder.here("alias"), author="anna", reason="league")
    assert [(row["box_score_key"], row["is_current"]) for row in aliases(bench.warehouse)] == [("samexampleiii", True)]
    check_operator_queries(bench)


def check_operator_queries(bench: BigQueryBench) -> None:
    """Audits, the history of a row, the quarantine, the lease history, the status and the totals of the date."""
    warehouse = bench.warehouse
    assert {audit.name: audit.findings(warehouse, [DATE]) for audit in AUDITS} == {audit.name: [] for audit in AUDITS}
    (row,) = explain(warehouse, RowQuery(DATE, "jaimejaquezjr"))
    assert (row.staging_table, row.prediction_version, row.lost) == ("_staging_20260115_120000_w0", 1, ())
    (rule,) = quarantine(warehouse).rules
    assert (rule.column_name, rule.quarantined) == ("predicted_points", 1)
    history = lease_history(warehouse, bench.leases, DATE, DATE)
    assert [entry.run_id for entry in history if entry.what == "wrote"] == ["run", "grading"]
    assert dates_with_rows(warehouse) == (DATE,)
    now = status(warehouse, bench.staging, bench.leases, KNOWN)
    assert (now.total("total_rows"), now.waiting, now.leases) == (4, (), ())
    bounds = over_dates([DATE])
    (totals,) = warehouse.query(Statement("totals_of_all_tables", bounds))
    assert (totals["staged"], totals["consolidated"], totals["quarantined"], totals["correct"]) == (5, 4, 1, 1)
    samples = warehouse.query(Statement("sample_predictions", bounds | {"rows": 1}))
    assert [sample["player_lookup"] for sample in samples] == ["jaimejaquezjr"]
