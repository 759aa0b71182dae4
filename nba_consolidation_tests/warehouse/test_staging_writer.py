"""The StagingWriter: which rows it accepts, how values are converted, and that a refused write writes nothing."""

from __future__ import annotations

import datetime as dt
import json
import math
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from nba_consolidation.schema import LINEAGE, PREDICTIONS, Column
from nba_consolidation.warehouse.errors import WarehouseUnavailable, WriteRefused
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation.warehouse.staging.row_conversion import converter
from nba_consolidation.warehouse.staging.staging_writer import StagingWriter
from nba_consolidation_tests.warehouse.rows import DATE, KNOWN, NOON, row, rows_table

LIVE = (
    *PREDICTIONS.columns,
    Column("key_factors", "JSON", ""),
    Column("issues", "ARRAY<STRING>", ""),
    Column("shape", "GEOGRAPHY", ""),
)
FORMS: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "records": lambda rows: rows,
    "an iterator": iter,
    "a DataFrame": pd.DataFrame,
    "a DataFrame of nullable types": lambda rows: pd.DataFrame(rows).convert_dtypes(),
    "an Arrow table": lambda rows: rows_table(*rows),
}


@pytest.fixture
def staging(tmp_path: Path) -> ParquetStaging:
    return ParquetStaging(tmp_path / "staging")


@pytest.fixture
def writer(staging: ParquetStaging) -> StagingWriter:
    return StagingWriter(staging, LIVE)


def stored(staging: ParquetStaging) -> list[dict[str, Any]]:
    (table,) = staging.list_tables(KNOWN)
    rows: list[dict[str, Any]] = pq.ParquetFile(staging.path_of(table.name)).read().to_pylist()
    return rows


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_of_rows_are_staged_equally(staging: ParquetStaging, form: str) -> None:
    rows = [row(), row(prediction_id="p2", current_points_line=None, sportsbook="x")]
    written = StagingWriter(staging).write("20260115-120000", "worker-1", FORMS[form](rows))
    assert (written.name, written.rows) == ("_staging_20260115_120000_worker_1", 2)
    assert stored(staging) == [{"sportsbook": None, **one} for one in rows]


def test_absent_columns_are_not_in_the_file(writer: StagingWriter) -> None:
    written = writer.write("b", "w", [row()])
    assert [column.name for column in written.columns] == list(row())
    assert [column.type for column in written.columns] == [PREDICTIONS.column(name).type for name in row()]


@pytest.mark.parametrize("null", [None, math.nan, np.float64("nan"), np.float32("nan"), pd.NA, pd.NaT, Decimal("NaN"),
                                  np.datetime64("NaT")], ids=repr)  # fmt: skip
@pytest.mark.parametrize("column", ["predicted_points", "sportsbook", "game_date", "created_at", "is_actionable",
                                    "feature_quality_score", "similar_games_count", "key_factors",
                                    "issues"])  # fmt: skip
def test_incident_22_every_kind_of_missing_value_is_null(
    staging: ParquetStaging, writer: StagingWriter, column: str, null: Any
) -> None:
    writer.write("b", "w", [row(), row(**{column: null})])
    assert stored(staging)[1][column] is None


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("INT64", np.int64(3), 3),
        ("INT64", np.uint8(3), 3),
        ("INT64", 3.0, 3),
        ("INT64", "3", 3),
        ("INT64", Decimal("3.0"), 3),
        ("FLOAT64", np.float64(0.5), 0.5),
        ("FLOAT64", 3, 3.0),
        ("FLOAT64", "0.5", 0.5),
        ("BOOL", np.bool_(True), True),
        ("BOOL", "False", False),
        ("BOOL", 1.0, True),
        ("STRING", np.str_("x"), "x"),
        ("STRING", "", ""),
        ("STRING", uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("NUMERIC(5, 1)", 24.45, Decimal("24.5")),
        ("NUMERIC(5, 1)", -24.45, Decimal("-24.5")),
        ("NUMERIC(5, 1)", 24.35, Decimal("24.4")),
        ("NUMERIC(5, 1)", np.float32(20.1), Decimal("20.1")),
        ("NUMERIC(5, 1)", np.int32(99), Decimal("99.0")),
        ("NUMERIC(5, 1)", "24.5", Decimal("24.5")),
        ("NUMERIC", Decimal("0.123456789"), Decimal("0.123456789")),
        ("DATE", "2026-01-15", DATE),
        ("DATE", "2026-01-15 00:00:00", DATE),
        ("DATE", dt.datetime(2026, 1, 15), DATE),
        ("DATE", pd.Timestamp("2026-01-15"), DATE),
        ("DATE", np.datetime64("2026-01-15"), DATE),
        ("TIMESTAMP", dt.datetime(2026, 1, 15, 12), NOON),
        ("TIMESTAMP", pd.Timestamp("2026-01-15T07:00", tz="America/New_York"), NOON),
        ("TIMESTAMP", pd.Timestamp("2026-01-15T12:00:00.000000001"), NOON),
        ("TIMESTAMP", np.datetime64("2026-01-15T12:00:00", "ns"), NOON),
        ("TIMESTAMP", "2026-01-15T12:00:00Z", NOON),
        ("TIMESTAMP", "2026-01-15 12:00:00 UTC", NOON),
        ("TIMESTAMP", "2026-01-15T12:00:00", NOON),
        ("JSON", {"a": np.float64("nan"), "b": [np.int64(1), Decimal("1.5"), DATE, None]},
         '{"a": null, "b": [1, 1.5, "2026-01-15", null]}'),
        ("JSON", '{"a": 1}', '{"a": 1}'),
        ("JSON", np.array([1, 2]), "[1, 2]"),
        ("ARRAY<STRING>", ["a"], ["a"]),
        ("ARRAY<STRING>", np.array(["a"], dtype=object), ["a"]),
        ("ARRAY<INT64>", "[1, 2]", [1, 2]),
    ],
)  # fmt: skip
def test_a_value_is_converted_exactly(kind: str, value: Any, expected: Any) -> None:
    converted = converter(kind)(value)
    assert (converted, type(converted)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INT64", 3.5), ("INT64", 2**63), ("INT64", True), ("INT64", "x"), ("INT64", math.inf), ("INT64",
        "1e999999999"),
        ("FLOAT64", "x"), ("FLOAT64", Decimal("1e400")), ("BOOL", 2), ("BOOL", "yes"), ("STRING", 22500001),
        ("STRING", b"x"), ("STRING", "\ud800"), ("NUMERIC(5, 1)", math.inf), ("NUMERIC(5, 1)", "-Infinity"),
        ("NUMERIC(5, 1)", 12345), ("NUMERIC(5, 1)", 9999.95), ("NUMERIC(5, 1)", True), ("NUMERIC(5, 1)", "1e999999999"),
        ("DATE", "15.01.2026"), ("DATE", NOON), ("DATE", 20260115), ("TIMESTAMP", DATE), ("TIMESTAMP", "soon"),
        ("TIMESTAMP", dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5)))), ("JSON", "no json"),
        ("JSON", '{"a": NaN}'), ("JSON", {"a": math.inf}), ("JSON", {"a": object()}), ("ARRAY<STRING>", [None]),
        ("ARRAY<STRING>", [1]), ("ARRAY<STRING>", {"a"}), ("ARRAY<INT64>", "1"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_converted_is_refused(kind: str, value: Any) -> None:
    with pytest.raises((ValueError, OverflowError)):
        converter(kind)(value)


@pytest.mark.parametrize("form", ["records", "a DataFrame"])
def test_the_error_for_a_refused_value_has_its_column_and_row(
    staging: ParquetStaging, writer: StagingWriter, form: str
) -> None:
    rows = [row(), row(similar_games_count="many")]
    with pytest.raises(WriteRefused, match=r"_staging_b_w: column similar_games_count, row 1: 'many'.*INT64") as caught:
        writer.write("b", "w", FORMS[form](rows))
    assert (caught.value.table, caught.value.column, caught.value.row, caught.value.value) == (
        "_staging_b_w", "similar_games_count", 1, "many",
    )  # fmt: skip
    assert staging.list_tables(KNOWN) == []


@pytest.mark.parametrize("line", [20.25, Decimal("20.25"), "20.25", 20.5000001])
def test_incident_34_the_line_is_never_rounded(writer: StagingWriter, line: Any) -> None:
    with pytest.raises(WriteRefused, match=r"current_points_line, row 0: .*a key is never rounded"):
        writer.write("b", "w", [row(current_points_line=line)])


@pytest.mark.parametrize("bad", [{"predicted_points": 99}, {"current_points_line": -3.5}, {"recommendation": "MAYBE"},
                                 {"game_id": None}, {"confidence_score": 250}])  # fmt: skip
def test_the_writer_does_not_apply_the_row_rules(
    staging: ParquetStaging, writer: StagingWriter, bad: dict[str, Any]
) -> None:
    assert writer.write("b", "w", [row(**bad)]).rows == 1
    ((name, value),) = bad.items()
    assert stored(staging)[0][name] == value


def test_incident_21_unknown_columns_are_refused_at_once_and_all_named(staging: ParquetStaging) -> None:
    with pytest.raises(
        WriteRefused, match="_staging_b_w: column 'shoe_size' is unknown; column 'key_factors' is unknown"
    ) as caught:
        StagingWriter(staging).write("b", "w", [row(), row(shoe_size=47, key_factors={})])
    assert caught.value.column == "shoe_size"
    assert staging.list_tables(KNOWN) == []


def test_incident_21_a_column_of_the_live_table_is_staged(staging: ParquetStaging, writer: StagingWriter) -> None:
    writer.write("b", "w", pd.DataFrame([row(key_factors={"pace": 1}, issues=["a"])]))
    assert json.loads(stored(staging)[0]["key_factors"]) == {"pace": 1}
    assert stored(staging)[0]["issues"] == ["a"]


@pytest.mark.parametrize("name", [column.name for column in PREDICTIONS.columns if column.required])
def test_incident_19_a_missing_required_column_is_refused(writer: StagingWriter, name: str) -> None:
    with pytest.raises(WriteRefused, match=f"required column '{name}' is missing"):
        writer.write("b", "w", [{key: value for key, value in row().items() if key != name}])


@pytest.mark.parametrize("column", [column.name for column in LINEAGE])
def test_a_worker_cannot_write_lineage_columns(writer: StagingWriter, column: str) -> None:
    with pytest.raises(WriteRefused, match=f"column '{column}' is unknown"):
        writer.write("b", "w", [row(**{column: None})])


def test_columns_set_by_the_consolidation_are_accepted(writer: StagingWriter) -> None:
    assert writer.write("b", "w", [row(prediction_version=1, is_active=True, updated_at=NOON)]).rows == 1


def test_a_repeated_column_is_refused(writer: StagingWriter) -> None:
    frame = pd.DataFrame([row()])
    with pytest.raises(WriteRefused, match="column 'system_id' is there twice"):
        writer.write("b", "w", pd.concat([frame, frame[["system_id"]]], axis=1))


def test_a_column_of_a_type_that_cannot_be_staged_is_refused_only_if_it_is_used(writer: StagingWriter) -> None:
    writer.write("b", "w", [row()])
    with pytest.raises(WriteRefused, match="column shape: a GEOGRAPHY cannot be staged"):
        writer.write("b", "w", [row(shape="POINT(0 0)")])


@pytest.mark.parametrize("no_rows", [[], iter([]), pd.DataFrame(), pd.DataFrame([row()])[:0], rows_table(row())[:0]])
def test_incident_23_a_write_without_rows_is_refused(
    staging: ParquetStaging, writer: StagingWriter, no_rows: Any
) -> None:
    with pytest.raises(WriteRefused, match="no rows"):
        writer.write("b", "w", no_rows)
    assert staging.list_tables(KNOWN) == []


def test_incident_23_a_failed_write_raises(staging: ParquetStaging, writer: StagingWriter) -> None:
    staging.folder.touch()
    with pytest.raises(WarehouseUnavailable, match="was not written"):
        writer.write("b", "w", [row()])


@pytest.mark.parametrize(("batch", "worker"), [("", "w"), ("b", ""), ("b/..", "w"), ("b", "w'"), ("b", "w" * 300)])
def test_a_batch_or_worker_with_invalid_characters_is_refused(writer: StagingWriter, batch: str, worker: str) -> None:
    with pytest.raises(WriteRefused, match="staging table name"):
        writer.write(batch, worker, [row()])


@pytest.mark.parametrize("wrong", [[row(), "text"], [row(), None]])
def test_a_row_that_is_not_a_record_is_refused(writer: StagingWriter, wrong: Any) -> None:
    with pytest.raises(WriteRefused, match=r"row 1 is a .*, not a record"):
        writer.write("b", "w", wrong)


def test_a_time_stamp_in_a_date_column_is_refused(writer: StagingWriter) -> None:
    with pytest.raises(WriteRefused, match="game_date, row 1"):
        writer.write("b", "w", [row(), row(game_date=NOON)])


def test_nan_in_an_arrow_table_is_null(staging: ParquetStaging, writer: StagingWriter) -> None:
    writer.write("b", "w", rows_table(row(feature_quality_score=math.nan), row(feature_quality_score=math.inf)))
    assert [one["feature_quality_score"] for one in stored(staging)] == [None, math.inf]
