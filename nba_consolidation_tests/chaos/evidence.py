"""What a storm left behind, read once: journals with plain Python, tables with plain SQL, and the staging folder.

Nothing of the product reads here, so nothing of it can hide anything.
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
    "chaos_commits",
)


@dataclass(frozen=True)
class Version:
    """One version of a staging table that a stager wrote, or was killed while it wrote."""

    table: str
    number: int
    rows: tuple[StagedRow, ...]
    acknowledged: bool

    @cached_property
    def rows_by_date(self) -> Mapping[str, int]:
        return rows_by_date(self.rows)


@dataclass(frozen=True)
class Evidence:
    """All of it. The records of a table are as `SELECT *` gives them, dates and times as text."""

    versions: Sequence[Version]
    tables: Mapping[str, Sequence[Record]]
    left_files: Sequence[str]

    @classmethod
    def of(cls, folder: Path) -> Evidence:
        staging = folder / "staging"
        left = [*staging.glob("_staging_*.parquet"), *staging.glob(".dropping/*/*.parquet")]
        with duckdb.connect(folder / "warehouse.duckdb", read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            tables = {name: _records(connection, name) for name in _TABLES}
        return cls(_versions(folder), tables, sorted(path.name for path in left))

    @cached_property
    def merged(self) -> Counter[tuple[str, str, int]]:
        """How often so many rows of a date were merged from a table: which version that was."""
        return Counter(
            (record["staging_table"], record["game_date"], record["staged"])
            for record in self.tables["consolidation_ledger_tables"]
        )

    @cached_property
    def binding(self) -> list[Version]:
        """The versions whose rows must be there: the acknowledged, and such of the others as were seen."""
        return [
            version
            for version in self.versions
            if version.acknowledged
            or any((version.table, date, number) in self.merged for date, number in version.rows_by_date.items())
        ]

    @cached_property
    def rows(self) -> dict[str, StagedRow]:
        """Every row that must be accounted for, by its id."""
        return {row.prediction_id: row for version in self.binding for row in version.rows}

    @cached_property
    def newest_versions(self) -> list[Version]:
        """Of each table the last one that must be there."""
        return list({version.table: version for version in self.binding}.values())


def _versions(folder: Path) -> list[Version]:
    """In the order in which each stager wrote them."""
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
    """The records by their values in some columns, in order."""
    groups: defaultdict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for record in records:
        groups[tuple(record[column] for column in columns)].append(record)
    return groups
