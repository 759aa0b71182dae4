"""`quality`: the daily checks of a game date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import date_option
from nba_consolidation.cli.output import Grid, GridColumn, OutputPart, counted, table
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema.display_columns import CHECKS

if TYPE_CHECKING:
    from nba_consolidation.operations.daily_quality.results import CheckResult

_MAX_ROWS = 10
_WARNED = 2  # the exit code of wrong usage for the other commands; here that is 5


@click.command()
@date_option("--date", "date", "The game date.  [default: yesterday, in New York]")
@session_command
def quality(session: Session, date: dt.date | None) -> int:
    """Run the daily quality checks of a game date.

    \b
    The exit code differs from that of the other commands:
      0  every check passed
      1  a check failed
      2  a check warned, none failed
      5  a check could not run, or the command was wrong
    """  # noqa: D301 (click takes the character \b for "keep these lines")
    from nba_consolidation.operations.daily_quality.results import CheckStatus

    report = session.to_read().quality.examine(date)
    session.show(
        {"game_date": report.game_date, "as_of": report.as_of, "status": report.status, "checks": report.results},
        table(CHECKS, [vars(result) for result in report.results]),
        *(_details(result) for result in report.results if result.status is not CheckStatus.PASSED),
        f"{report.game_date}: {_summary(report.results)}",
    )
    codes: dict[CheckStatus, int] = {
        CheckStatus.PASSED: Exit.DONE,
        CheckStatus.WARNED: _WARNED,
        CheckStatus.FAILED: Exit.FAILED,
        CheckStatus.ERRORED: Exit.NOT_CHECKED,
    }
    return codes[report.status]


def _details(result: CheckResult) -> OutputPart:
    columns = [GridColumn(name.replace("_", " ")) for name in (result.rows[0] if result.rows else ())]
    extent = f"first {_MAX_ROWS} of {len(result.rows):,}" if len(result.rows) > _MAX_ROWS else f"{len(result.rows):,}"
    return Grid(
        columns, [tuple(row.values()) for row in result.rows[:_MAX_ROWS]], f"{result.name}: {extent}", records=True
    )


def _summary(results: Sequence[CheckResult]) -> str:
    counts: dict[str, int] = {}
    for result in results:
        counts[result.status.value] = counts.get(result.status.value, 0) + 1
    return (
        f"{counted(len(results), 'check')}: " + ", ".join(f"{count} {status}" for status, count in counts.items()) + "."
    )
