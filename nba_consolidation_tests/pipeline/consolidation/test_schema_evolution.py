"""Schema evolution: which columns of staging tables are added, and that an odd column stops nothing but its table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.schema import PREDICTIONS, Column
from nba_consolidation.sql.rendering import _source, statement_names
from nba_consolidation.warehouse.column_alignment import RESERVED_NAMES
from nba_consolidation.warehouse.errors import StatementFailed
from nba_consolidation.warehouse.staging.interface import StagingTable
from nba_consolidation_tests.pipeline.consolidation.workbench import Row, Workbench, prediction
from nba_consolidation_tests.prepared import prepare

ODD_COLUMNS: dict[str, tuple[str, pa.DataType, Any, str]] = {
    "a map": ("mood", pa.map_(pa.string(), pa.int64()), [("a", 1)], "no column type for map"),
    "a struct": ("mood", pa.struct([("a", pa.int64())]), {"a": 1}, "no column type for struct"),
    "bytes": ("mood", pa.binary(), b"x", "no column type for binary"),
    "a time": ("mood", pa.time64("us"), dt.time(1), "no column type for time64"),
    "a duration": ("mood", pa.duration("us"), dt.timedelta(1), "no column type for duration"),
    "an unsigned number": ("mood", pa.uint64(), 1, "no column type for uint64"),
    "a decimal of 60 digits": ("mood", pa.decimal256(60, 3), Decimal("1.5"), "no column type for decimal256"),
    "a list of lists": ("mood", pa.list_(pa.list_(pa.int64())), [[1]], "no column type for ARRAY<ARRAY<INT64>>"),
    "no name": ("", pa.int64(), 1, "its name must begin with a letter"),
    "a name with a quote": ('a"b', pa.int64(), 1, "its name must begin with a letter"),
    "a name of another alphabet": ("настрой", pa.int64(), 1, "its name must begin with a letter"),
    "a name in another case": ("System_ID", pa.string(), "x", "there is 'system_id' already"),
    "a lineage column": ("Lease_Token", pa.int64(), 1, "the consolidation sets it"),
    "DuckDB's row number": ("file_row_number", pa.int64(), 1, "its name is reserved"),
    "DuckDB's row number without values": ("file_row_number", pa.null(), None, "its name is reserved"),
    "DuckDB's file number": ("FILE_INDEX", pa.int64(), 1, "its name is reserved"),
    "ours, beside the columns": ("Row_Error", pa.string(), "x", "its name is reserved"),
    "ours, in the update": ("new_batch_id", pa.string(), "x", "its name is reserved"),
    "BigQuery's": ("_PARTITIONTIME", pa.string(), "x", "its name is reserved"),
}
WITHOUT_VALUES = {
    "nothing": pa.null(),
    "none_of": pa.list_(pa.null()),
    "typed": pa.string(),
    "fields": pa.struct([("a", pa.int64()), ("b", pa.string())]),
    "pairs": pa.map_(pa.string(), pa.int64()),
    "lists": pa.list_(pa.list_(pa.int64())),
}
"""Columns of which a file has no value, two of them without a type."""


@pytest.fixture(scope="module")
def evolution(tmp_path_factory: pytest.TempPathFactory) -> tuple[ConsolidationReport, list[Row]]:
    """One consolidation with schema evolution of every odd column, each in a table of its own, and of sound tables."""
    bench = Workbench(tmp_path_factory.mktemp("evolution"))
    prepare(bench.warehouse.path)
    for number, (name, kind, value, _) in enumerate(ODD_COLUMNS.values()):
        without = ["system_id"] if name == "System_ID" else []
        rows = [prediction("20.5", number, **{name: value, "fine": 1})]
        bench.stage(*rows, worker=f"odd{number}", types={name: kind, "fine": pa.int64()}, without=without)
    bench.stage(prediction("21.0"), worker="sound")
    bench.stage(prediction("22.0", vegas_mood=0.5), worker="new", types={"vegas_mood": pa.float64()})
    bench.stage(prediction("23.0", vegas_mood="x"), worker="z_later", types={"vegas_mood": pa.string()})
    bench.stage(
        prediction("24.0"),
        worker="none",
        types=WITHOUT_VALUES,
    )
    return bench.consolidate(evolve=True), bench.published()


@pytest.mark.parametrize("odd", ODD_COLUMNS)
def test_a_column_that_cannot_be_added_stops_that_table_alone_and_is_named(
    evolution: tuple[ConsolidationReport, list[Row]], odd: str
) -> None:
    name, _, _, reason = ODD_COLUMNS[odd]
    refusals = {table.name: table.reason for table in evolution[0].refused}
    refusal = refusals[f"_staging_20260115_120000_odd{list(ODD_COLUMNS).index(odd)}"]
    assert f"column {name!r} (" in refusal
    assert reason in refusal


def test_one_odd_column_stops_neither_sound_tables_nor_new_columns(
    evolution: tuple[ConsolidationReport, list[Row]],
) -> None:
    report, published = evolution
    assert [(row["current_points_line"], row["vegas_mood"]) for row in published] == [
        (Decimal("21.0"), None), (Decimal("22.0"), 0.5), (Decimal("24.0"), None),
    ]  # fmt: skip
    assert report.poisoned == {}
    assert len(report.refused) == len(ODD_COLUMNS) + 1
    refusals = {table.name: table.reason for table in report.refused}
    assert "column vegas_mood is STRING but FLOAT64" in refusals["_staging_20260115_120000_z_later"]


def test_a_refused_table_adds_no_column_and_a_column_without_values_is_none(
    evolution: tuple[ConsolidationReport, list[Row]],
) -> None:
    assert set(evolution[1][0]) - set(PREDICTIONS.column_names) == {"vegas_mood"}


def test_a_table_that_is_refused_for_a_type_adds_no_column(bench: Workbench) -> None:
    types = {"vegas_mood": pa.float64(), "model_version": pa.binary()}
    bench.stage(prediction("20.5", vegas_mood=0.5, model_version=b"v9"), types=types)
    [refused] = bench.consolidate(evolve=True).refused
    assert "model_version is binary but STRING" in refused.reason
    assert "vegas_mood" not in {column.name for column in bench.warehouse.live_columns(PREDICTIONS.name)}


def test_a_column_without_values_is_ignored_without_schema_evolution_too(bench: Workbench) -> None:
    bench.stage(prediction("20.5"), types=WITHOUT_VALUES)
    assert bench.consolidate().refused == ()
    assert len(bench.published()) == 1


def test_a_table_that_adds_no_column_is_not_decoded_before_the_transaction(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused table stays, and every later run would decode it in vain."""
    decoded: list[str] = []
    unreadable = bench.staging.unreadable

    def recording(tables: Sequence[StagingTable]) -> Mapping[str, str]:
        decoded.extend(table.name for table in tables)
        return unreadable(tables)

    monkeypatch.setattr(bench.staging, "unreadable", recording)
    bench.stage(prediction("20.5", mood=b"x"), worker="refused", types={"mood": pa.binary()})
    adding = bench.stage(prediction("21.0", vegas_mood=0.5), worker="new", types={"vegas_mood": pa.float64()})
    assert [table.name for table in bench.consolidate(evolve=True).refused] == ["_staging_20260115_120000_refused"]
    assert decoded == [adding]


def test_an_added_column_without_values_is_null_whatever_type_a_later_table_gives_it(bench: Workbench) -> None:
    bench.stage(prediction("20.5", vegas_mood=0.5), types={"vegas_mood": pa.float64()})
    bench.consolidate(evolve=True)
    bench.stage(prediction("21.0"), worker="later", types={"vegas_mood": pa.binary()})
    report = bench.consolidate()
    assert (report.poisoned, report.refused) == ({}, ())
    assert [row["vegas_mood"] for row in bench.published()] == [0.5, None]


def test_a_column_that_the_warehouse_refuses_stops_only_its_tables(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good", "bad"):
        bench.stage(
            prediction("20.5" if name == "good" else "21.0", **{name: 1}), worker=name, types={name: pa.int64()}
        )
    add = bench.warehouse.add_columns

    def refusing(table: str, columns: Sequence[Column]) -> None:
        if any(column.name == "bad" for column in columns):
            raise StatementFailed("schema", "too many columns")
        add(table, columns)

    monkeypatch.setattr(bench.warehouse, "add_columns", refusing)
    report = bench.consolidate(evolve=True)
    assert [table.name for table in report.refused] == ["_staging_20260115_120000_bad"]
    assert [row["good"] for row in bench.published()] == [1]


def test_every_name_that_a_statement_gives_beside_all_staged_columns_is_reserved() -> None:
    """A staged column of such a name would be in the same row twice."""
    names = set()
    for source in [source for name in statement_names() if ".*" in (source := _source(name))]:
        for select in sqlglot.parse_one(source, dialect="bigquery").find_all(exp.Select):
            sources = {table.alias_or_name: table.name for table in select.find_all(exp.Table)}
            stars = {part.table for part in select.expressions if isinstance(part, exp.Column) and part.is_star}
            if any(sources.get(star) == "staged" for star in stars):
                names |= {part.alias for part in select.expressions if part.alias}
    assert names
    assert names <= RESERVED_NAMES
