"""`grade`: grades predictions against box scores, and prints the report. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.box_scores import problem_grids
from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import (
    OutputPart,
    counted,
    counted_by_kind,
    dates_table,
    poisoned_document,
    poisoned_table,
    table,
    totals_of,
)
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema.display import count_column, text_column, words_column

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.performance.analyse import AnalysisReport
    from nba_consolidation.pipeline.grading.result import GradingFinding, GradingReport

_COLUMNS = (
    text_column("date", "game_date"),
    count_column("active", "active"),
    count_column("correct", "correct"),
    count_column("wrong", "wrong"),
    count_column("push", "push"),
    count_column("passed", "passed", 2),
    count_column("no bet", "not_a_bet", 2),
    count_column("voided", "voided"),
    count_column("waiting", "waiting"),
    count_column("new", "inserted", 1),
    count_column("regraded", "updated", 1),
    count_column("removed", "removed", 1),
    count_column("rows", "total_rows", 1),
)
_FINDINGS = (
    text_column("date", "game_date"),
    words_column("finding", "finding"),
    text_column("game", "game_id"),
    text_column("player", "player_lookup"),
    count_column("predictions", "predictions"),
    text_column("detail", "detail", wide=True),
)
_UNSETTLED_NAMES = (
    text_column("date", "game_date"),
    text_column("game", "game_id"),
    text_column("player", "player_lookup"),
    text_column("similar name in the box scores", "detail"),
    count_column("predictions", "predictions"),
)
_MOST_ROWS = 20


@click.command()
@date_options
@session_command
def grade(session: Session, dates: DateRange) -> Exit:
    """Grade predictions against box scores, and recompute the hit rates of each system.

    Without dates: all dates that have rows. There is one row per prediction. A corrected box score changes its row;
    unchanged rows are not rewritten. Ends with 3 if some dates were poisoned (all others are graded), or if players
    wait because a box score has a similar name: see `players alias`.
    """
    from nba_consolidation.operations.status import dates_with_rows

    deployment = session.existing()
    dates_with_predictions = dates_with_rows(deployment.warehouse, dates.first, dates.last)
    if not dates_with_predictions:
        session.show({"dates": []}, f"No rows for {dates}: consolidate first.")
        return Exit.DONE
    with steps() as on_step:
        report = deployment.grader.grade(dates_with_predictions, session.holder(), on_step)
        graded = [date.game_date for date in report.dates if date.graded or date.removed]
        analysis = deployment.analyst.analyse(graded, session.holder(), on_step)
    session.show(_document(report, analysis), *_report(report, analysis))
    return Exit.REQUIRES_ATTENTION if report.poisoned or report.unsettled_names else Exit.DONE


def _document(report: GradingReport, analysis: AnalysisReport) -> dict[str, Any]:
    return {
        "run_id": report.run_id,
        "dates": report.dates,
        "totals": totals_of(_COLUMNS, report.total),
        "conserved": all(date.conserved for date in report.dates),
        "findings": report.findings,
        "unsettled_names": report.unsettled_names,
        "box_score_problems": report.problems,
        "analysed": {"dates": len(analysis.dates), "rows_written": analysis.total("written_rows")},
        "poisoned": poisoned_document(report.poisoned),
        "lease_wait_ms": report.lease_wait_ms,
        "lease_hold_ms": report.lease_hold_ms,
        "transaction_ms": report.transaction_ms,
        "cost": report.cost,
    }


def _report(report: GradingReport, analysis: AnalysisReport) -> list[OutputPart]:
    return [
        *dates_table(_COLUMNS, report.dates, totals_of(_COLUMNS, report.total)),
        *_findings(report.findings),
        *problem_grids(report.problems),
        table(_UNSETTLED_NAMES, map(vars, report.unsettled_names)),
        poisoned_table(report.poisoned),
        _sentences(report, analysis),
    ]


def _findings(findings: Sequence[GradingFinding]) -> list[OutputPart]:
    """The last findings; if there are more, also how many there are of each kind."""
    parts: list[OutputPart] = [table(_FINDINGS, map(vars, findings[-_MOST_ROWS:]))]
    if len(findings) > _MOST_ROWS:
        by_kind = counted_by_kind(finding.finding for finding in findings)
        parts.append(f"The last {_MOST_ROWS} of {len(findings):,} findings ({by_kind}); --json lists all.")
    return parts


def _sentences(report: GradingReport, analysis: AnalysisReport) -> str:
    outcomes = ("correct", "wrong", "push", "passed", "not_a_bet", "voided", "waiting")
    outcomes_sum = " + ".join(f"{report.total(name):,} {name.replace('_', ' ')}" for name in outcomes)
    lines = [f"Conserved: {report.total('active'):,} active = {outcomes_sum}"]
    changed = sum(report.total(name) for name in ("inserted", "updated", "removed"))
    lines.append(
        f"{counted(len(report.dates), 'date')}, {counted(changed, 'row')} written, "
        f"{report.total('unchanged'):,} as they were; lease waited for {report.lease_wait_ms:,} ms, "
        f"held {report.lease_hold_ms:,} ms"
    )
    if analysis.dates:
        lines.append(f"Analysed {counted(len(analysis.dates), 'date')}. Next: nba-consolidation performance")
    if names := report.unsettled_names:
        lines.append(
            f"{counted(len(names), 'player')} without a box score, while one of the game has a similar name. "
            "For each: nba-consolidation players alias NAME BOX_SCORE_NAME --reason REASON (NAME twice if that is "
            "somebody else), then grade again."
        )
    if report.poisoned:
        lines.append(f"Could not grade {counted(len(report.poisoned), 'date')}; their grades are unchanged.")
    return "\n".join(lines)
