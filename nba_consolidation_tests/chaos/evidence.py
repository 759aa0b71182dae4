"""Reads the results of a storm: journals with plain Python, tables with plain SQL, and the staging folder.

No code of the product is used, so that none of it can hide a fault.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from nba_consolidation_tests.chaos.journal import entries
from nba_consolidation_tests.chaos.rows import StagedRow, rows_by_date

Record = Mapping[str, Any]
_TABLES = (
    "player_prop_predictions",
    "lost_versions",
    "quarantined_predictions",
    "consolidation_ledger",
    "consolidation_ledger_tables",
    "consolidation_fences",
    "published_predictions",
    "prediction_accuracy",
    "chaos_commits",
)


@dataclass(frozen=True)
class Version:
    """One version of a staging table that a stager wrote, or was writing when it was killed."""

    table: str
    number: int
    rows: tuple[StagedRow, ...]
    acknowledged: bool

    @cached_property
    def rows_by_date(self) -> Mapping[str, int]:
        return rows_by_date(self.rows)


@dataclass(frozen=True)
class Evidence:
    """The results. The records of a table are those of `SELECT *`, with dates and times as text."""

    versions: Sequence[Version]
    tables: Mapping[str, Sequence[Record]]
    remaining_files: Sequence[str]

    @classmethod
    def of(cls, folder: Path) -> Evidence:
        staging = folder / "staging"
        remaining = [*staging.glob("_staging_*.parquet"), *staging.glob(".dropping/*/*.parquet")]
        with duckdb.connect(folder / "warehouse.duckdb", read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            tables = {name: _records(connection, name) for name in _TABLES}
        return cls(_versions(folder), tables, sorted(path.name for path in remaining))

    @cached_property
    def merging_commits(self) -> list[Record]:
        """The commits of consolidations; the others are of validation, publication, grading and clean-up."""
        return [record for record in self.tables["chaos_commits"] if record["merged"]]

    @cached_property
    def merged(self) -> Counter[tuple[str, str, int]]:
        """How often that number of rows of a date was merged from a table; the number identifies the version."""
        return Counter(
            (record["staging_table"], record["game_date"], record["staged"])
            for record in self.tables["consolidation_ledger_tables"]
        )

    @cached_property
    def accountable(self) -> list[Version]:
        """The versions whose rows must exist: those acknowledged, and those of the others that were merged."""
        return [
            version
            for version in self.versions
            if version.acknowledged
            or any((version.table, date, number) in self.merged for date, number in version.rows_by_date.items())
        ]

    @cached_property
    def rows(self) -> dict[str, StagedRow]:
        """Every row that must be accounted for, by its id."""
        return {row.prediction_id: row for version in self.accountable for row in version.rows}

    @cached_property
    def newest_versions(self) -> list[Version]:
        """The last accountable version of each table."""
        return list({version.table: version for version in self.accountable}.values())


def _versions(folder: Path) -> list[Version]:
    """The versions in the order in which each stager wrote them."""
    rows: dict[tuple[str, int], tuple[StagedRow, ...]] = {}
    acknowledged = set()
    for entry in entries(folder, "stager"):
        version = (entry["table"], entry["version"])
        if "rows" in entry:
            rows[version] = tuple(StagedRow(**row) for row in entry["rows"])
        else:
            acknowledged.add(version)
    return [Version(*version, staged, version in acknowledged) for version, staged in rows.items()]


def _records(connection: duckdb.DuckDBPyConnection, table: str) -> list[Record]:
    cursor = connection.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in cursor.description or ()]
    return [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in cursor.fetchall()]


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value.isoformat() if isinstance(value, dt.date) else value


def grouped(records: Sequence[Record], *columns: str) -> dict[tuple[Any, ...], list[Record]]:
    """The records grouped by some columns, in order."""
    groups: defaultdict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for record in records:
        groups[tuple(record[column] for column in columns)].append(record)
    return groups
