"""The input of a contender: staged rows, base table, work folder. No client library here."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from nba_consolidation.schema import LINEAGE, PREDICTIONS, SET_BY_CONSOLIDATION

MEMORY_LIMIT = "1500MB"
"""For every DuckDB here: the default of nba_consolidation.settings."""

CORE = tuple(name for name in PREDICTIONS.column_names if name not in {column.name for column in LINEAGE})
VALUES = tuple(name for name in CORE if name not in SET_BY_CONSOLIDATION)
"""Columns that a worker sets; the consolidation sets the others."""

SET_BY_CONTENDER = {
    "prediction_version": "1",
    "is_active": "TRUE",
    "superseded_by": "NULL",
    "updated_at": "now()",
    "version_created_at": "created_at",
    "version_prediction_id": "prediction_id",
    "staging_table": "parse_filename(filename, true)",
    "batch_id": "split_part(parse_filename(filename, true), '_w', 1)",
    "lease_token": "1",
    "run_id": "'benchmark'",
    "consolidation_id": "'benchmark'",
}
"""DuckDB expressions, so that every DuckDB contender fills every column that the product fills."""


@dataclass(frozen=True)
class Job:
    """One run of one contender.

    Phases: import, first, idle (nothing is staged), again (merged tables are still there), redelivered.
    """

    contender: str
    phase: str
    staged: str
    base: str
    folder: str
    first_date: str
    dates: int
    steps: bool = False

    @classmethod
    def from_json(cls, text: str) -> Job:
        """The inverse of `to_json`."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """As text for the child process."""
        return json.dumps(asdict(self))

    @property
    def game_dates(self) -> list[dt.date]:
        """The dates of the staged rows."""
        first = dt.date.fromisoformat(self.first_date)
        return [first + dt.timedelta(days=number) for number in range(self.dates)]

    @property
    def files(self) -> list[str]:
        """The staged Parquet files."""
        return sorted(str(path) for path in Path(self.staged).glob("*.parquet"))

    @property
    def work(self) -> Path:
        """The contender's own folder."""
        return Path(self.folder)

    @property
    def warehouse(self) -> Path:
        """The contender's own copy of the DuckDB file, if it has one."""
        return self.work / "warehouse.duckdb"


def fresh_folder(job: Job) -> None:
    """An empty work folder."""
    shutil.rmtree(job.work, ignore_errors=True)
    job.work.mkdir(parents=True)


def fresh_warehouse(job: Job) -> None:
    """A copy of the DuckDB file that holds the history, for the first phase; later phases reuse it."""
    if job.phase == "first":
        fresh_folder(job)
        shutil.copyfile(Path(job.base) / "warehouse.duckdb", job.warehouse)


def linked_copy(source: Path, target: Path) -> None:
    """A folder whose files are never changed in place, copied by hard links."""
    shutil.copytree(source, target, copy_function=os.link)


def newest_per_key(job: Job, key: str) -> str:
    """SELECT of every column of the table, the newest staged row of each key. `key` is a list of SQL expressions."""
    columns = ", ".join(f"{SET_BY_CONTENDER.get(name, name)} AS {name}" for name in PREDICTIONS.column_names)
    files = ", ".join(f"'{path}'" for path in job.files)
    return (
        f"SELECT {columns} FROM read_parquet([{files}], filename = true) "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY created_at DESC, prediction_id DESC) = 1"
    )
