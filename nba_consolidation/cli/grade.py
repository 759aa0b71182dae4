"""`grade`: grades predictions against box scores, and prints the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.box_scores import problem_grids
from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import (
    Grid,
    GridColumn,
    Shown,
    counted,
    dates_table,
    poisoned_document,
    poisoned_table,
)
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, session_command

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.performance.analyse import AnalysisReport
    from nba_consolidation.pipeline.grading.result import GradingFinding, GradingReport

_FIGURES = ("active", "correct", "wrong", "push", "passed", "not_a_bet", "voided", "waiting",
            "inserted", "updated", "removed", "total_rows")  # fmt: skip
_COLUMNS = (
    GridColumn("date"),
    GridColumn("active", right=True),
    GridColumn("correct", right=True),
    GridColumn("wrong", right=True),
    GridColumn("push", right=True),
    GridColumn("passed", 2, right=True),
    GridColumn("no bet", 2, right=True),
    GridColumn("voided", right=True),
    GridColumn("waiting", right=True),
    GridColumn("new", 1, right=True),
    GridColumn("regraded", 1, right=True),
    GridColumn("removed", 1, right=True),
    GridColumn("rows", 1, right=True),
)
_SHOWN = 20


@click.command()
@date_options
@session_command
def grade(session: Session, dates: DateRange) -> Exit:
    """Grade predictions against box scores, and recompute the performance of each system.

    Without dates: all dates that have rows. Each prediction has one graded row. A corrected box score changes that row;
    other rows are not rewritten. The exit code is 3 if some dates were poisoned (the others are graded), or if players
    wait because a box score has a similar name: see `players alias`.
    """
    from nba_consolidation.operations.status import dates_with_rows

    deployment = session.existing()
    dates_with_predictions = dates_with_rows(deployment.warehouse, dates.first, dates.last)
    if not dates_with_predictions:
        session.show({"dates": []}, f"No predictions for {dates}. Next: nba-consolidation consolidate")
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
        "totals": {figure: report.total(figure) for figure in _FIGURES},
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


def _report(report: GradingReport, analysis: AnalysisReport) -> list[Shown]:
    return [
        *dates_table(_COLUMNS, report.dates, _FIGURES, report.total),
        *_findings(report.findings),
        *problem_grids(report.problems),
        _unsettled_names(report.unsettled_names),
        poisoned_table(report.poisoned),
        _sentences(report, analysis),
    ]


def _findings(findings: Sequence[GradingFinding]) -> list[Shown]:
    """Lists the last findings; if there are more, also how many there are of each kind."""
    columns = [
        GridColumn("date"),
        GridColumn("finding"),
        GridColumn("game"),
        GridColumn("player"),
        GridColumn("predictions", right=True),
        GridColumn("detail", fold=True),
    ]
    rows = [(f.game_date, f.finding.replace("_", " "), f.game_id, f.player_lookup, f.predictions, f.detail)
            for f in findings]  # fmt: skip
    parts: list[Shown] = [Grid(columns, rows[-_SHOWN:])]
    if len(findings) > _SHOWN:
        kinds = Counter(f.finding for f in findings).most_common()
        by_kind = ", ".join(f"{number:,} {kind.replace('_', ' ')}" for kind, number in kinds)
        parts.append(f"The last {_SHOWN} of {len(findings):,} findings ({by_kind}); --json lists all.")
    return parts


def _unsettled_names(names: Sequence[GradingFinding]) -> Grid:
    columns = [
        GridColumn("date"),
        GridColumn("game"),
        GridColumn("waits"),
        GridColumn("similar name in the box scores"),
        GridColumn("predictions", right=True),
    ]
    return Grid(columns, [(name.game_date, name.game_id, name.player_lookup, name.detail, name.predictions)
                          for name in names])  # fmt: skip


def _sentences(report: GradingReport, analysis: AnalysisReport) -> str:
    outcomes = ("correct", "wrong", "push", "passed", "not_a_bet", "voided", "waiting")
    outcomes_sum = " + ".join(f"{report.total(name):,} {name.replace('_', ' ')}" for name in outcomes)
    lines = [f"Conserved: {report.total('active'):,} active = {outcomes_sum}"]
    changed = sum(report.total(name) for name in ("inserted", "updated", "removed"))
    lines.append(
        f"{counted(len(report.dates), 'date')}, {counted(changed, 'row')} written, "
        f"{report.total('unchanged'):,} unchanged; lease waited for {report.lease_wait_ms:,} ms, "
        f"held {report.lease_hold_ms:,} ms"
    )
    if analysis.dates:
        lines.append(f"Analysed {counted(len(analysis.dates), 'date')}. Next: nba-consolidation performance")
    if names := report.unsettled_names:
        lines.append(
            f"{counted(len(names), 'player')} without a box score, while one of the game has a similar name. "
            "For each, run: nba-consolidation players alias NAME BOX_SCORE_NAME --reason REASON (NAME twice if that is "
            "somebody else), then grade again."
        )
    if report.poisoned:
        lines.append(f"Could not grade {counted(len(report.poisoned), 'date')}, which are unchanged.")
    return "\n".join(lines)
