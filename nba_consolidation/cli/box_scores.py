"""`box-scores`: loads files of box scores. Local deployment only; in production another system owns the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import expand_folders, files_argument
from nba_consolidation.cli.output import OutputPart, counted, counted_by_kind, reasons_table, table
from nba_consolidation.cli.progress import tracked
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.schema.display import text_column, words_column
from nba_consolidation.settings import LOCAL, variable

if TYPE_CHECKING:
    from nba_consolidation.pipeline.grading.box_scores import BoxScoreFile, BoxScoreProblem, LoadReport

_MOST_ROWS = 20
_PROBLEMS = (
    text_column("date", "game_date"),
    words_column("problem", "problem"),
    text_column("game", "game_id"),
    text_column("player", "player_lookup"),
    text_column("detail", "detail", wide=True),
)


@dataclass(frozen=True)
class ReadFile:
    """One file: its box scores, or the reason why it was refused; neither if the file has no rows."""

    file: Path
    box_scores: BoxScoreFile | None = None
    error: str | None = None

    @property
    def rows(self) -> int:
        return self.box_scores.rows.num_rows if self.box_scores else 0


@click.command("box-scores")
@files_argument
@session_command
def box_scores(session: Session, files: Sequence[Path]) -> Exit:
    """Load files of box scores, which predictions are graded against.

    Parquet, CSV or JSON lines; a directory means all such files in it. Columns: player_lookup, game_id, game_date,
    points, and optionally minutes_played, team_abbr, opponent_team_abbr and tip_off_at; others are ignored.
    game_date (2026-01-15) has no time or zone; minutes_played is rounded to 0.1, but never to 0.
    A box score replaces the row of the same player and game as a whole. A file with a row without a key, or with a
    value of another type, is refused as a whole; the other files are loaded. Suspicious box scores are loaded and
    listed: the exit code is then 3.
    """
    from nba_consolidation.pipeline.grading.box_scores import load

    if session.settings.deployment != LOCAL:
        raise click.UsageError(
            f"In production box scores are read from {session.settings.box_scores_path}, "
            f"which this command does not change. Load them there, or name another table with {variable('box_scores')}."
        )
    read = [_read(path) for path in tracked(expand_folders(files), "reading")]
    loadable = [file.box_scores for file in read if file.box_scores]
    report = load(session.with_tables().fenced_writer, loadable, session.holder()) if loadable else None
    session.show(_document(read, report), *_output(read, report))
    return _exit(read, report)


def _read(path: Path) -> ReadFile:
    from nba_consolidation.pipeline.grading.box_scores import box_score_file
    from nba_consolidation.warehouse.errors import EmptyFile
    from nba_consolidation.warehouse.staging.input_files import read_rows

    try:
        return ReadFile(path, box_score_file(path, read_rows(path)))
    except EmptyFile:
        return ReadFile(path)
    except ConsolidationError as error:
        return ReadFile(path, error=str(error))


def _exit(read: Sequence[ReadFile], report: LoadReport | None) -> Exit:
    if any(file.error for file in read):
        return Exit.FAILED
    return Exit.REQUIRES_ATTENTION if report and report.problems else Exit.DONE


def _document(read: Sequence[ReadFile], report: LoadReport | None) -> dict[str, Any]:
    figures = ("new", "changed", "unchanged", "repeated", "replaced")
    return {
        "files": [{"file": file.file, "rows": file.rows, "error": file.error} for file in read],
        "loaded_files": sum(file.box_scores is not None for file in read),
        "failed_files": sum(file.error is not None for file in read),
        "rows": {figure: getattr(report, figure) if report else 0 for figure in figures},
        "dates": report.dates if report else [],
        "problems": report.problems if report else [],
        "ignored_columns": _columns(read, "ignored"),
        "absent_columns": _columns(read, "absent"),
    }


def _columns(read: Sequence[ReadFile], which: str) -> list[str]:
    """Returns each name once, in the order of the files."""
    return list(dict.fromkeys(name for file in read if file.box_scores for name in getattr(file.box_scores, which)))


def _output(read: Sequence[ReadFile], report: LoadReport | None) -> list[OutputPart]:
    failed = [(file.file.name, file.error) for file in read if file.error]
    return [
        *(problem_grids(report.problems) if report else []),
        reasons_table("not loaded", failed),
        _summary(read, report),
    ]


def problem_grids(problems: Sequence[BoxScoreProblem]) -> list[OutputPart]:
    """Lists the first problems; if there are more, also how many there are of each kind."""
    output: list[OutputPart] = [table(_PROBLEMS, map(vars, problems[:_MOST_ROWS]))]
    if len(problems) > _MOST_ROWS:
        by_kind = counted_by_kind(problem.problem for problem in problems)
        output.append(f"The first {_MOST_ROWS} of {len(problems):,} problems ({by_kind}); --json lists all.")
    return output


def _summary(read: Sequence[ReadFile], report: LoadReport | None) -> str:
    lines = []
    if report:
        files, dates = sum(file.box_scores is not None for file in read), report.dates
        lines.append(
            f"Loaded {counted(files, 'file')}, {counted(len(dates), 'date')} from {dates[0]} to {dates[-1]}: "
            f"{report.new:,} new, {report.changed:,} changed, {report.unchanged:,} unchanged."
        )
        if report.replaced != report.changed:
            lines.append(f"They replaced {counted(report.replaced, 'row')}.")
        if report.repeated:
            lines.append(f"{counted(report.repeated, 'repeated row')} in the files: each counts once.")
    lines += _notes(read)
    if report and report.problems:
        lines.append(f"{counted(len(report.problems), 'problem')} in the loaded rows: check them.")
    if report and not any(file.error for file in read):
        lines.append("Next: nba-consolidation grade")
    return "\n".join(lines)


def _notes(read: Sequence[ReadFile]) -> list[str]:
    ignored, absent = _columns(read, "ignored"), _columns(read, "absent")
    skipped = [file.file.name for file in read if not file.box_scores and not file.error]
    failed = sum(file.error is not None for file in read)
    notes = {
        f"Ignored columns: {', '.join(ignored)}": ignored,
        f"Columns that are missing in some files, and NULL there: {', '.join(absent)}": absent,
        f"Skipped {len(skipped):,} without rows: {', '.join(skipped[:2])}{', ...' * (len(skipped) > 2)}": skipped,
        f"{failed:,} could not be loaded. Correct them and load them again.": failed,
    }
    return [note for note, applies in notes.items() if applies]
