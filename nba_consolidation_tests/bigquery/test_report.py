"""One date from staged rows to its report in BigQuery, and everything that a person can ask of it afterwards."""

from __future__ import annotations

from nba_consolidation.audits import AUDITS
from nba_consolidation.consolidation.explain import Question, explain
from nba_consolidation.consolidation.lease_history import lease_history
from nba_consolidation.consolidation.quarantine import quarantine
from nba_consolidation.consolidation.status import standing_dates, status, unvalidated_dates
from nba_consolidation.fencing import Guarding
from nba_consolidation.grading.grade import Grader
from nba_consolidation.locking import Holder
from nba_consolidation.performance.analyse import Analyst
from nba_consolidation.quality.examine import Quality
from nba_consolidation.quality.readings import Reader
from nba_consolidation.report.gather import Reporter
from nba_consolidation.report.page import page
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.tables import BOX_SCORES
from nba_consolidation_tests.consolidation.workbench import DATE, KNOWN, NO_WAIT, NOW
from nba_consolidation_tests.grading.workbench import bet

from .executed import executes
from .test_quality import MORNING_AFTER, SCORE
from .workbench import BigQueryBench


@executes(
    *("consolidation", "validation", "grading", "quality", "report", "status"),
    *(audit.name for audit in AUDITS),
    *("unconserved_dates", "unconserved_gradings", "confidences_out_of_scale"),
    *("leases", "fence_rows", "fence", "fenced_out", "audit"),
)
def test_the_figures_are_those_of_the_ledgers(bench: BigQueryBench) -> None:
    bench.warehouse.create_tables([BOX_SCORES])
    bench.select(SCORE)
    bench.stage(bet(), bet(player="waits", game_id="20260115_LAL_GSW", team_abbr="LAL"), bet("99.5", "wild"),
                bet(player="broken", predicted_points=99))  # fmt: skip
    bench.consolidate()
    assert unvalidated_dates(bench.warehouse, DATE, DATE) == (DATE,)
    bench.validate()
    assert unvalidated_dates(bench.warehouse, DATE, DATE) == ()
    guarding = Guarding(bench.warehouse, bench.leases, clock=lambda: NOW, wait=NO_WAIT)
    Grader(guarding).grade([DATE], Holder.here("grading"))
    Analyst(guarding).analyse([DATE], Holder.here("analysis"))
    quality = Quality(Reader(bench.warehouse, bench.staging, bench.leases, lambda: KNOWN), clock=lambda: MORNING_AFTER)
    reporter = Reporter(
        bench.warehouse, bench.staging, bench.leases, lambda: KNOWN, quality, "emulated", clock=lambda: MORNING_AFTER
    )
    assert reporter.latest() == DATE
    report = reporter.report(DATE, DATE)
    work = report.work
    (merged,) = work.merged
    assert (merged["staged"], merged["inserted"] + merged["quarantined"], merged["consolidations"]) == (4, 4, 1)
    assert [work.graded_total(outcome) for outcome in ("correct", "waiting", "voided")] == [1, 1, 1]
    assert set(work.duplicates.values()) == {0}
    (system,) = report.reliability
    assert (system.bets, system.before[0].correct, system.in_force) == (1, 1, None)
    assert "100.0%" in page(report)
    ensure_answers(bench)


def ensure_answers(bench: BigQueryBench) -> None:
    """What an operator asks of the date: is anything wrong, why is a row as it is, who wrote, what is there."""
    warehouse = bench.warehouse
    assert {audit.name: audit.findings(warehouse, [DATE]) for audit in AUDITS} == {audit.name: [] for audit in AUDITS}
    (row,) = explain(warehouse, Question(DATE, "jaimejaquezjr"))
    assert (row.staging_table, row.prediction_version, row.lost) == ("_staging_20260115_120000_w0", 1, ())
    (rule,) = quarantine(warehouse).rules
    assert (rule.column_name, rule.quarantined) == ("predicted_points", 1)
    history = lease_history(warehouse, bench.leases, DATE, DATE)
    assert [entry.run_id for entry in history if entry.what == "wrote"] == ["run", "grading"]
    assert standing_dates(warehouse) == (DATE,)
    now = status(warehouse, bench.staging, bench.leases, KNOWN)
    assert (now.total("total_rows"), now.waiting, now.leases) == (3, (), ())
    bounds = over_dates([DATE])
    (totals,) = warehouse.query(Statement("totals", bounds))
    assert (totals["staged"], totals["consolidated"], totals["quarantined"], totals["correct"]) == (4, 3, 1, 1)
    samples = warehouse.query(Statement("sample_predictions", bounds | {"rows": 1}))
    assert [sample["player_lookup"] for sample in samples] == ["jaimejaquezjr"]
