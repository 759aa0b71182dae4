"""`actuals`: files of box scores, for the local deployment. Production reads a table of somebody else's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import expand_folders, files_argument
from nba_consolidation.cli.output import Column, Grid, Shown, counted
from nba_consolidation.cli.progress import tracked
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.settings import LOCAL, variable

if TYPE_CHECKING:
    from nba_consolidation.pipeline.grading.box_scores import Delivery, LoadReport, Problem

_SHOWN = 20


@dataclass(frozen=True)
class ReadFile:
    """What became of one file: its box scores, or why it was refused. Without rows there is nothing to load."""

    file: Path
    delivery: Delivery | None = None
    error: str | None = None

    @property
    def rows(self) -> int:
        return self.delivery.rows.num_rows if self.delivery else 0


@click.command()
@files_argument
@session_command
def actuals(session: Session, files: Sequence[Path]) -> Exit:
    """Load files of box scores, to grade by.

    Parquet, CSV or JSON lines; a directory stands for all such files in it. Columns: player_lookup, game_id, game_date,
    points, and where known minutes_played, team_abbr, opponent_team_abbr and tip_off_at; others are left out.
    A box score of a game and player that stand already replaces theirs, all columns of it. A file with a row that has
    no key, or a value of another type, is refused whole; the others are loaded. Suspicious box scores are loaded, and
    named: the command then ends with 3.
    """
    from nba_consolidation.pipeline.grading.box_scores import load

    if session.settings.deployment != LOCAL:
        raise click.UsageError(
            f"In production box scores are read from {session.settings.box_scores_path}, which is not ours to change. "
            f"Load them there, or name another table with {variable('box_scores')}."
        )
    read = [_read(path) for path in tracked(expand_folders(files), "reading")]
    deliveries = [file.delivery for file in read if file.delivery]
    report = load(session.with_tables().warehouse, deliveries) if deliveries else None
    session.show(_document(read, report), *_shown(read, report))
    return _exit(read, report)


def _read(path: Path) -> ReadFile:
    from nba_consolidation.pipeline.grading.box_scores import delivery
    from nba_consolidation.warehouse.errors import EmptyFile
    from nba_consolidation.warehouse.staging.input_files import read_rows

    try:
        return ReadFile(path, delivery(path, read_rows(path)))
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
        "loaded_files": sum(file.delivery is not None for file in read),
        "failed_files": sum(file.error is not None for file in read),
        "rows": {figure: getattr(report, figure) if report else 0 for figure in figures},
        "dates": report.dates if report else [],
        "problems": report.problems if report else [],
        "ignored_columns": _columns(read, "ignored"),
        "absent_columns": _columns(read, "absent"),
    }


def _columns(read: Sequence[ReadFile], which: str) -> list[str]:
    """Each name once, in the order of the files."""
    return list(dict.fromkeys(name for file in read if file.delivery for name in getattr(file.delivery, which)))


def _shown(read: Sequence[ReadFile], report: LoadReport | None) -> list[Shown]:
    failed = [(file.file.name, file.error) for file in read if file.error]
    return [
        *(problem_grids(report.problems) if report else []),
        Grid([Column("not loaded", fold=True), Column("why", fold=True)], failed),
        _summary(read, report),
    ]


def problem_grids(problems: Sequence[Problem]) -> list[Shown]:
    """Each by name where they are few; where they are many, how many of each kind as well."""
    columns = [Column("date"), Column("problem"), Column("game"), Column("player"), Column("detail", fold=True)]
    rows = [(p.game_date, p.problem.replace("_", " "), p.game_id, p.player_lookup, p.detail) for p in problems]
    shown: list[Shown] = [Grid(columns, rows[:_SHOWN])]
    if len(problems) > _SHOWN:
        kinds = Counter(problem.problem for problem in problems).most_common()
        told = ", ".join(f"{number:,} {kind.replace('_', ' ')}" for kind, number in kinds)
        shown.append(f"The first {_SHOWN} of {len(problems):,} problems ({told}); --json lists all.")
    return shown


def _summary(read: Sequence[ReadFile], report: LoadReport | None) -> str:
    lines = []
    if report:
        files, dates = sum(file.delivery is not None for file in read), report.dates
        lines.append(
            f"Loaded {counted(files, 'file')}, {counted(len(dates), 'date')} from {dates[0]} to {dates[-1]}: "
            f"{report.new:,} new, {report.changed:,} changed, {report.unchanged:,} as they stood."
        )
        if report.replaced != report.changed:
            lines.append(f"They replace {counted(report.replaced, 'row')} that stood.")
        if report.repeated:
            lines.append(f"{counted(report.repeated, 'row')} stood in the files more than once, and count once.")
    lines += _notes(read)
    if report and report.problems:
        lines.append(f"{counted(len(report.problems), 'problem')}; all of it is loaded, and a person should look.")
    if report and not any(file.error for file in read):
        lines.append("Next: nba-consolidation grade")
    return "\n".join(lines)


def _notes(read: Sequence[ReadFile]) -> list[str]:
    ignored, absent = _columns(read, "ignored"), _columns(read, "absent")
    skipped = [file.file.name for file in read if not file.delivery and not file.error]
    failed = sum(file.error is not None for file in read)
    notes = {
        f"Left out columns that are none of ours: {', '.join(ignored)}": ignored,
        f"NULL, as not every file has them: {', '.join(absent)}": absent,
        f"Skipped {len(skipped):,} without rows: {', '.join(skipped[:2])}{', ...' * (len(skipped) > 2)}": skipped,
        f"{failed:,} could not be loaded; mend them and load them again.": failed,
    }
    return [note for note, applies in notes.items() if applies]
