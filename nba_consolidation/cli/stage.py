"""`stage`: each file of predictions becomes one staging table. The consolidation checks the rows."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import expand_folders, files_argument
from nba_consolidation.cli.output import Grid, GridColumn, OutputPart, counted, reasons_table
from nba_consolidation.cli.progress import tracked
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.warehouse.staging import table_names

if TYPE_CHECKING:
    from nba_consolidation.schema import Column as TableColumn
    from nba_consolidation.warehouse.staging.interface import StagingArea, StagingTable

_MAX_ROWS = 20
_LONGEST_NAME = 120
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True)
class StagedFile:
    """The result of one file: its staging table and rows, or why it was not staged. A file without rows is skipped.

    rounded: how many values were rounded to their column's scale, by column.
    """

    file: Path
    staging_table: str | None = None
    rows: int = 0
    rounded: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None
    skipped: bool = False


@click.command()
@files_argument
@click.option("--batch", help="Batch of the staging tables.  [default: now, or the batch in the file's name]")
@click.option("--worker", help="Worker of the staging table, for one file.  [default: from the file's name]")
@click.option("--part", default="", help="Part of the worker's share, for a worker whose rows come in several files.")
@click.option("--replace", is_flag=True, help="Replace rows of the same batch, worker and part that wait.")
@session_command
def stage(
    session: Session, files: Sequence[Path], batch: str | None, worker: str | None, part: str, replace: bool
) -> Exit:
    """Stage files of predictions.

    Parquet, CSV or JSON lines; a directory means all such files in it.
    Each file becomes one staging table, whole or not at all; one that cannot be staged does not stop the others.
    A file that is named like a staging table (_staging_BATCH_WORKER.parquet) keeps its batch and worker, so that
    staging it again replaces the table. Rows that wait are replaced only by a file that has all of their business keys,
    unless --replace is given. A file without rows is skipped. Staging does not consolidate.
    CSV has commas and a line of column names; CSV and JSON lines are UTF-8. Numbers are plain digits (24.5); a time
    stamp without a zone, such as created_at, is UTC; a game date (2026-01-15) has no time or zone.
    """
    paths = expand_folders(files)
    if worker is not None and len(paths) > 1:
        raise click.UsageError(f"--worker names the table of one file, and there are {len(paths)}. Leave it out.")
    stager = _Stager(session, batch, worker, part, replace)
    results = [stager.stage(path) for path in tracked(paths, "staging")]
    session.show(_document(results), *_parts(results))
    return Exit.FAILED if any(result.error for result in results) else Exit.DONE


class _Stager:
    """Stages one file after another, all of one batch."""

    def __init__(self, session: Session, batch: str | None, worker: str | None, part: str, replace: bool) -> None:
        self._session = session
        self._batch = batch
        self._worker = worker
        self._options: dict[str, Any] = {"part": part, "replace": replace}
        self._now = f"{dt.datetime.now(dt.UTC):%Y%m%d_%H%M%S_%f}"
        self._sources: dict[str, Path] = {}

    def stage(self, path: Path) -> StagedFile:
        """Stages a file. The result has the error, if there is one."""
        from nba_consolidation.warehouse.errors import EmptyFile

        try:
            table = self._write(path)
        except EmptyFile:
            return StagedFile(path, skipped=True)
        except ConsolidationError as error:
            return StagedFile(path, error=str(error))
        return StagedFile(path, table.name, table.rows, table.rounded)

    def _write(self, path: Path) -> StagingTable:
        from nba_consolidation.warehouse.staging.input_files import read_rows
        from nba_consolidation.warehouse.staging.staging_writer import StagingWriter

        batch, worker = self._names(path)
        self._reserve(batch, worker, path)
        rows = read_rows(path)
        return StagingWriter(self._area, self._columns_for(rows), check_keys=False).write(
            batch, worker, rows, **self._options
        )

    def _names(self, path: Path) -> tuple[str, str]:
        """The batch and worker in the file's name, as far as there are any, unless the options say otherwise."""
        stem = _plain(path.stem)
        batch, worker = "", stem.strip("_") or "file"
        if stem.startswith(table_names.PREFIX):
            batch, worker = table_names.batch_and_worker(stem)
            if not worker:
                batch, _, worker = batch.rpartition("_")
        return self._batch or batch or self._now, self._worker or worker

    def _reserve(self, batch: str, worker: str, path: Path) -> None:
        """Two files of one call must not become one table: the second would replace the first."""
        table = f"{batch}_{worker}".replace("-", "_")
        if table in self._sources:
            raise ConsolidationError(
                f"file {path} would replace what {self._sources[table]} has just staged as _staging_{table}; "
                "rename one of them, or stage it by itself"
            )
        self._sources[table] = path

    def _columns_for(self, rows: Any) -> Sequence[TableColumn]:
        """The declared columns; the live table's where a file has more, so that staging seldom needs the warehouse."""
        from nba_consolidation.schema import PREDICTIONS

        names = rows.column_names if hasattr(rows, "column_names") else {name for row in rows for name in row}
        return PREDICTIONS.columns if set(names) <= set(PREDICTIONS.column_names) else self._live_columns

    @cached_property
    def _area(self) -> StagingArea:
        from nba_consolidation.wiring import staging_of

        return staging_of(self._session.settings)

    @cached_property
    def _live_columns(self) -> Sequence[TableColumn]:
        from nba_consolidation.schema import PREDICTIONS

        return self._session.reader().warehouse.live_columns(PREDICTIONS.name)


def _plain(stem: str) -> str:
    """The stem as part of a table's name. What had to be changed is hashed, so that two file names stay two names."""
    plain = _NOT_IN_A_NAME.sub("_", stem)[:_LONGEST_NAME]
    if plain == stem or table_names.is_valid(stem):
        return stem
    return f"{plain}_{hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]}"


def _document(results: Sequence[StagedFile]) -> dict[str, Any]:
    staged = sum(result.staging_table is not None for result in results)
    failed = sum(result.error is not None for result in results)
    return {
        "files": results,
        "staged_files": staged,
        "skipped_files": len(results) - staged - failed,
        "failed_files": failed,
        "rows": sum(result.rows for result in results),
        "rounded": _rounded(results),
    }


def _rounded(results: Sequence[StagedFile]) -> dict[str, int]:
    """How many values of all files were rounded, by column."""
    return dict(sum((Counter(result.rounded) for result in results), Counter()))


def _parts(results: Sequence[StagedFile]) -> list[OutputPart]:
    staged = [(result.file.name, result.staging_table, result.rows) for result in results if result.staging_table]
    failed = [(result.file.name, result.error) for result in results if result.error]
    more = len(staged) - _MAX_ROWS
    return [
        Grid(
            [GridColumn("file", fold=True), GridColumn("staging table"), GridColumn("rows", right=True)],
            staged[-_MAX_ROWS:],
        ),
        f"... and {more:,} more before these; --json lists all." if more > 0 else "",
        reasons_table("not staged", failed),
        _summary(results),
    ]


def _summary(results: Sequence[StagedFile]) -> str:
    staged = sum(result.staging_table is not None for result in results)
    skipped = [str(result.file.name) for result in results if result.skipped]
    failed = sum(result.error is not None for result in results)
    rows = sum(result.rows for result in results)
    lines = [f"Staged {counted(rows, 'row')} of {counted(staged, 'file')}."]
    for column, values in _rounded(results).items():
        lines.append(f"Rounded to the scale of {column}: {counted(values, 'value')}.")
    if skipped:
        lines.append(f"Skipped {len(skipped):,} without rows: {', '.join(skipped[:2])}{', ...' * (len(skipped) > 2)}")
    if failed:
        lines.append(f"{failed:,} could not be staged; correct them and stage them again.")
    elif staged:
        lines.append("Next: nba-consolidation consolidate")
    return "\n".join(lines)
