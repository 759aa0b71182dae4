"""What the tests of the consolidation work with: staged rows, and a warehouse, staging area and leases to put them in.

Nothing here knows how a consolidation does its work; what it published is read with plain SQL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder, LeaseStore, WaitPolicy
from nba_consolidation.pipeline.consolidation.consolidate import Consolidator
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport, DateCounts
from nba_consolidation.pipeline.publication.publish import PublishedDate, Publisher
from nba_consolidation.pipeline.validation.validate import ValidatedDate, Validator
from nba_consolidation.schema import ALL_TABLES, LINEAGE, PREDICTIONS, SET_BY_CONSOLIDATION
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.interface import NO_RELATIONS, ManifestEntry, Relations, TransactionResult
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingTable
from nba_consolidation.warehouse.staging.parquet import ParquetStaging, PinnedFile
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore
from nba_consolidation_tests.prepared import prepare

Row = dict[str, Any]

DATE = dt.date(2026, 1, 15)
NEXT_DATE = dt.date(2026, 1, 16)
THIRD_DATE = dt.date(2026, 1, 17)
NOON = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 1, 20, tzinfo=dt.UTC)
KNOWN = KnownDates(dt.date(2021, 10, 19), dt.date(2026, 12, 31))
NO_WAIT = WaitPolicy(limit=0)

_OURS = {*SET_BY_CONSOLIDATION, *(column.name for column in LINEAGE)}
STAGED_TYPES: Mapping[str, pa.DataType] = {
    column.name: arrow_type(column.type) for column in PREDICTIONS.columns if column.name not in _OURS
}
"""What a worker of today stages, by column."""


def at(minutes: float) -> dt.datetime:
    """So many minutes after noon of DATE."""
    return NOON + dt.timedelta(minutes=minutes)


def points(text: str | None) -> Decimal | None:
    """An exact number of points."""
    return None if text is None else Decimal(text)


def prediction(line: str | None = "20.5", minute: float = 0, **changes: Any) -> Row:
    """A sound staged row of DATE, made so many minutes after noon."""
    row: Row = dict.fromkeys(STAGED_TYPES)
    row.update(
        prediction_id=f"made-{minute:g}",
        system_id="catboost_v9",
        player_lookup="jaimejaquezjr",
        game_date=DATE,
        game_id="20260115_BOS_MIA",
        predicted_points=Decimal("21.5"),
        confidence_score=Decimal("0.6250"),
        recommendation="OVER",
        current_points_line=points(line),
        has_prop_line=line is not None,
        team_abbr="MIA",
        model_version="v9",
        created_at=at(minute),
    )
    return row | changes


def staged(
    rows: Iterable[Mapping[str, Any]],
    *,
    types: Mapping[str, pa.DataType] | None = None,
    without: Sequence[str] = (),
) -> pa.Table:
    """The rows as a worker stages them; `types` adds or changes columns, `without` leaves some out."""
    kinds = {name: kind for name, kind in {**STAGED_TYPES, **(types or {})}.items() if name not in without}
    schema = pa.schema(list(kinds.items()))
    return pa.Table.from_pylist([{name: row.get(name) for name in kinds} for row in rows], schema)


class WatchedStaging(ParquetStaging):
    """A staging folder that counts what is read of it, and in which tests let things happen."""

    def __init__(self, folder: Path | str) -> None:
        super().__init__(folder)
        self.pinned_tables = 0
        self.before_drop: Callable[[], object] = lambda: None
        self.drops = True

    @contextmanager
    def pinned(self, tables: Sequence[StagingTable]) -> Iterator[list[PinnedFile]]:
        self.pinned_tables += len(tables)
        with super().pinned(tables) as files:
            yield files

    def drop(self, tables: Sequence[StagingTable]) -> list[str]:
        self.before_drop()
        return super().drop(tables) if self.drops else []


class WatchedWarehouse(DuckDBWarehouse):
    """A warehouse that counts its transactions, and in which tests let things happen around one with a manifest."""

    transactions = 0
    before_merge: Callable[[], object] = staticmethod(lambda: None)
    after_merge: Callable[[], object] = staticmethod(lambda: None)

    def run(
        self,
        statements: Sequence[Statement],
        manifest: Sequence[ManifestEntry] = (),
        on_statement: Callable[[str], None] = lambda _: None,
        *,
        check: Callable[[], None] = lambda: None,
        relations: Relations = NO_RELATIONS,
    ) -> TransactionResult:
        self.transactions += 1
        if manifest:
            self.before_merge()
        result = super().run(statements, manifest, on_statement, check=check, relations=relations)
        if manifest:
            self.after_merge()
        return result


class Workbench:
    """A warehouse file, a staging folder and a lease store, and the use cases on them."""

    def __init__(self, folder: Path, leases: LeaseStore | None = None) -> None:
        self.folder = folder
        self.staging = WatchedStaging(folder / "staging")
        self.warehouse = WatchedWarehouse(folder / "warehouse.duckdb", self.staging)
        self.leases = leases or MemoryLeaseStore()

    def kept_open(self) -> duckdb.DuckDBPyConnection:
        """A connection beside which all others of this process open at once. No other process can open the file."""
        prepare(self.warehouse.path)
        connection = duckdb.connect(self.warehouse.path, config=self.warehouse._config)
        return connection.execute("PRAGMA disable_checkpoint_on_shutdown")

    def stage(
        self,
        *rows: Mapping[str, Any],
        worker: str = "w0",
        batch: str = "20260115_120000",
        types: Mapping[str, pa.DataType] | None = None,
        without: Sequence[str] = (),
    ) -> str:
        """Stages the rows as one worker's share of a batch; returns the table's name."""
        return self.stage_as(f"_staging_{batch}_{worker}", staged(rows, types=types, without=without))

    def stage_as(self, name: str, data: pa.Table) -> str:
        return self.staging.write(name, data).name

    def consolidator(self, **changes: Any) -> Consolidator:
        options = {name: changes.pop(name) for name in ("evolve", "monotonic") if name in changes}
        return Consolidator(self.writer(**changes), self.staging, lambda: KNOWN, **options)

    def writer(self, **changes: Any) -> FencedWriter:
        options: dict[str, Any] = {"leases": self.leases, "clock": lambda: NOW, "wait": NO_WAIT, **changes}
        return FencedWriter(self.warehouse, **options)

    def consolidate(
        self,
        *dates: dt.date,
        run_id: str = "run",
        on_step: Callable[[str], None] = lambda _: None,
        **changes: Any,
    ) -> ConsolidationReport:
        """Consolidates the dates (DATE by default) and checks the conservation law on the way."""
        report = self.consolidator(**changes).consolidate(dates or (DATE,), Holder.here(run_id), on_step)
        assert all(counts.conserved for counts in report.dates)
        return report

    def validate(self, *dates: dt.date, **changes: Any) -> list[ValidatedDate]:
        scales = changes.pop("scales", {})
        use_case = Validator(self.writer(**changes), scales)
        return use_case.validate(dates or (DATE,), Holder.here("validation"))

    def publish(self, *dates: dt.date, **changes: Any) -> list[PublishedDate]:
        """Publishes the dates (DATE by default), which the upcoming ones are too."""
        options: dict[str, Any] = {"leases": self.leases, "clock": lambda: NOW, "wait": NO_WAIT, **changes}
        use_case = Publisher(FencedWriter(self.warehouse, **options), lambda: dates or (DATE,))
        return use_case.publish(dates or (DATE,), Holder.here("publication"))

    def execute(self, text: str, *parameters: object) -> list[Row]:
        """Plain SQL, past every check."""
        prepare(self.warehouse.path)
        with duckdb.connect(self.warehouse.path, config=self.warehouse._config) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            cursor = connection.execute(text, list(parameters))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

    def published(self, order: str = "game_date, game_id, player_lookup, system_id, current_points_line") -> list[Row]:
        return self.execute(f"SELECT * FROM player_prop_predictions ORDER BY {order}")

    def only_published(self) -> Row:
        """The one row that is published."""
        [row] = self.published()
        return row

    def quarantined(self) -> list[Row]:
        return self.execute("SELECT * FROM quarantined_predictions ORDER BY staging_table, staging_row")

    def written_rows(self) -> int:
        """Rows in all tables together, but for the fences, which are written before a transaction."""
        tables = [table.name for table in ALL_TABLES if table.name != "consolidation_fences"]
        return sum(int(self.execute(f"SELECT COUNT(*) AS n FROM {name}")[0]["n"]) for name in tables)

    def staging_tables(self) -> set[str]:
        return {path.stem for path in self.staging.folder.glob("*.parquet")}


def outcome(counts: DateCounts) -> tuple[int, int, int, int, int, int]:
    """The conservation law's figures: staged, inserted, updated, stale, superseded, quarantined."""
    return (counts.staged, counts.inserted, counts.updated, counts.stale, counts.superseded, counts.quarantined)
