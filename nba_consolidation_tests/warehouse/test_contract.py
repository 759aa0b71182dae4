"""The contract of every warehouse and every staging area. Runs against each engine of `conftest.ENGINES`."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from nba_consolidation.schema import ALL_TABLES, FENCES, PREDICTIONS, VIEWS, Column
from nba_consolidation.warehouse.bigquery.warehouse import BigQueryWarehouse
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.errors import StatementFailed, TableRefused, WarehouseError, WriteRefused
from nba_consolidation.warehouse.staging.origin import Origin
from nba_consolidation.warehouse.staging.staging_writer import StagingWriter
from nba_consolidation_tests.names import LOOKUPS
from nba_consolidation_tests.prepared import connect
from nba_consolidation_tests.warehouse.conftest import Engine
from nba_consolidation_tests.warehouse.rows import DATE, KNOWN, NEXT_DATE, NOON, A, B, row, rows_table


def test_a_new_staging_area_is_empty(engine: Engine) -> None:
    assert engine.staging.list_tables(KNOWN) == []


def test_a_written_table_is_listed_with_its_rows_by_date(engine: Engine) -> None:
    engine.stage(A, row(), row(game_date=NEXT_DATE), row())
    (listed,) = engine.staging.list_tables(KNOWN)
    assert (listed.name, listed.rows, listed.dates, listed.refusal) == (A, 3, {DATE: 2, NEXT_DATE: 1}, None)
    assert (listed.home_date, listed.stray_rows) == (DATE, 0)


def test_write_returns_the_table_as_it_is_listed(engine: Engine) -> None:
    written = engine.staging.write(A, rows_table(row()))
    (listed,) = engine.staging.list_tables(KNOWN)
    assert (written.fingerprint, written.rows, written.columns) == (listed.fingerprint, 1, listed.columns)


def test_rows_without_a_known_date_are_stray_rows_of_the_first_date(engine: Engine) -> None:
    engine.stage(A, row(), row(game_date=None), row(game_date=dt.date(1999, 1, 1)))
    (listed,) = engine.staging.list_tables(KNOWN)
    assert (listed.dates, listed.stray_rows, listed.rows_of(DATE)) == ({DATE: 1}, 2, 3)


def test_a_table_without_any_known_date_is_refused(engine: Engine) -> None:
    engine.stage(A, row(game_date=dt.date(1999, 1, 1)))
    (listed,) = engine.staging.list_tables(KNOWN)
    assert "1999-01-01" in str(listed.refusal)


def test_a_table_without_rows_is_pending_for_no_date_and_not_refused(engine: Engine) -> None:
    engine.staging.write(A, rows_table(row()).slice(0, 0))
    (listed,) = engine.staging.list_tables(KNOWN)
    assert (listed.rows, listed.dates, listed.refusal) == (0, {}, None)


def test_a_table_without_a_game_date_is_refused(engine: Engine) -> None:
    engine.staging.write(A, rows_table(row()).drop_columns(["game_date"]))
    assert "no column game_date" in str(engine.staging.list_tables(KNOWN)[0].refusal)


def test_a_game_date_of_another_type_is_refused_with_both_types(engine: Engine) -> None:
    engine.stage(A, row(game_date="2026-01-15"), game_date=pa.string())
    assert "game_date is STRING but DATE" in str(engine.staging.list_tables(KNOWN)[0].refusal)


def test_a_table_with_an_invalid_name_is_not_written(engine: Engine) -> None:
    for name in ("_staging_a'; DROP TABLE x", "_staging_../a", "predictions", "_staging_", "_staging_" + "x" * 300):
        with pytest.raises(TableRefused):
            engine.staging.write(name, rows_table(row()))
    assert engine.staging.list_tables(KNOWN) == []


def test_a_table_keeps_its_batch_and_worker(engine: Engine) -> None:
    StagingWriter(engine.staging).write("regen-1", "karl-anthony", [row()])
    (listed,) = engine.staging.list_tables(KNOWN)
    assert listed.origin == Origin("regen-1", "karl-anthony")
    assert (listed.name, listed.batch_id, listed.worker_id) == (
        "_staging_regen_1_karl_anthony", "regen_1", "karl_anthony",
    )  # fmt: skip


@pytest.mark.parametrize(("first", "second"), [(("b", "w-1"), ("b", "w_1")), (("a", "b_c"), ("a_b", "c"))])
def test_two_workers_never_share_a_table(engine: Engine, first: tuple[str, str], second: tuple[str, str]) -> None:
    writer = StagingWriter(engine.staging)
    writer.write(*first, [row()])
    for replace in (False, True):
        with pytest.raises(WriteRefused, match=f"worker '{second[1]}' has the same table name as .*'{first[1]}'"):
            writer.write(*second, [row(), row(prediction_id="p2")], replace=replace)
    (listed,) = engine.staging.list_tables(KNOWN)
    assert (listed.rows, listed.origin) == (1, Origin(*first))


def test_writing_again_loses_no_business_key_that_waits(engine: Engine) -> None:
    writer = StagingWriter(engine.staging)
    writer.write("b", "w", [row(), row(current_points_line=None)])
    with pytest.raises(WriteRefused, match=r"batch 'b', worker 'w' has rows waiting there, and 1 of their .*part="):
        writer.write("b", "w", [row(created_at=NOON), row(game_date=NEXT_DATE)])
    writer.write("b", "w", [row(prediction_id="again"), row(current_points_line=None), row(game_date=NEXT_DATE)])
    assert [table.rows for table in engine.staging.list_tables(KNOWN)] == [3]
    writer.write("b", "w", [row()], replace=True)
    assert [table.rows for table in engine.staging.list_tables(KNOWN)] == [1]


def test_each_part_of_a_workers_share_is_a_table(engine: Engine) -> None:
    writer = StagingWriter(engine.staging)
    for part in range(3):
        writer.write("b", "w", [row(prediction_id=str(part), player_lookup=f"player{part}")], part=part)
    listed = engine.staging.list_tables(KNOWN)
    assert [table.name for table in listed] == ["_staging_b_w_part_0", "_staging_b_w_part_1", "_staging_b_w_part_2"]
    assert {(table.batch_id, table.worker_id) for table in listed} == {("b", "w")}
    with pytest.raises(WriteRefused, match="has the same table name as batch 'b', worker 'w', part '0'"):
        writer.write("b", "w_part_0", [row()])


def test_a_table_of_another_program_is_replaced_only_with_all_of_its_keys(engine: Engine) -> None:
    engine.stage("_staging_b_w", row(), row(player_lookup="other"))
    writer = StagingWriter(engine.staging)
    with pytest.raises(WriteRefused, match="1 of their business keys"):
        writer.write("b", "w", [row()])
    assert writer.write("b", "w", [row(), row(player_lookup="other")]).origin == Origin("b", "w")


def test_a_dropped_table_is_not_listed(engine: Engine) -> None:
    engine.stage(A, row())
    engine.stage(B, row())
    a, _ = engine.staging.list_tables(KNOWN)
    assert engine.staging.drop([a]) == [A]
    assert [table.name for table in engine.staging.list_tables(KNOWN)] == [B]
    assert engine.staging.drop([a]) == []


def test_incident_27_a_table_redelivered_after_the_listing_is_not_dropped(engine: Engine) -> None:
    engine.stage(A, row())
    listed = engine.staging.list_tables(KNOWN)
    engine.stage(A, row(), row(prediction_id="late"))
    engine.stage(B, row())  # arrived after the listing
    assert engine.staging.drop(listed) == []
    assert [(table.name, table.rows) for table in engine.staging.list_tables(KNOWN)] == [(A, 2), (B, 1)]


def test_an_archived_table_is_not_listed_and_its_new_location_is_returned(engine: Engine) -> None:
    engine.stage(A, row())
    engine.stage(B, row())
    a, _ = engine.staging.list_tables(KNOWN)
    ((name, location),) = engine.staging.archive([a]).items()
    assert name == A
    assert A in location
    assert [table.name for table in engine.staging.list_tables(KNOWN)] == [B]
    assert engine.staging.archive([a]) == {}


def test_two_states_of_a_table_are_archived_separately(engine: Engine) -> None:
    locations: list[str] = []
    for rows in (1, 2):
        engine.stage(A, *[row()] * rows)
        locations += engine.staging.archive(engine.staging.list_tables(KNOWN)).values()
    assert len(set(locations)) == 2


def test_incident_27_a_table_redelivered_after_the_listing_is_not_archived(engine: Engine) -> None:
    engine.stage(A, row())
    listed = engine.staging.list_tables(KNOWN)
    engine.stage(A, row(), row(prediction_id="late"))
    assert engine.staging.archive(listed) == {}
    assert [(table.name, table.rows) for table in engine.staging.list_tables(KNOWN)] == [(A, 2)]


def test_a_dropped_table_is_not_archived(engine: Engine) -> None:
    engine.stage(A, row())
    listed = engine.staging.list_tables(KNOWN)
    engine.staging.drop(listed)
    assert engine.staging.archive(listed) == {}


def test_a_table_that_changed_since_it_was_listed_is_refused(engine: Engine) -> None:
    engine.stage(A, row())
    manifest = engine.manifest()
    engine.stage(A, row(), row())
    with pytest.raises(TableRefused, match=rf"{A}.*changed since") as caught:
        engine.select("SELECT COUNT(*) AS n FROM staged", manifest)
    assert caught.value.table == A


def test_a_table_that_was_dropped_since_it_was_listed_is_refused(engine: Engine) -> None:
    engine.stage(A, row())
    manifest = engine.manifest()
    engine.staging.drop([entry.table for entry in manifest])
    with pytest.raises(TableRefused, match="changed since"):
        engine.select("SELECT COUNT(*) AS n FROM staged", manifest)


def test_staged_rows_have_the_number_of_their_table_across_many_tables_and_columns(engine: Engine) -> None:
    for number in range(24):
        extra: dict[str, Any] = [{}, {"sportsbook": "x"}, {"model_version": "1"}][number % 3]
        rows = [row(prediction_id=f"{number}-{position}", **extra) for position in range(number % 4 + 1)]
        engine.stage(f"_staging_20260115_120000_{number * 7 % 24:03}_{number}", *rows)
    selected = engine.select(
        "SELECT M.staging_table, S.staging_row, S.prediction_id FROM staged AS S "
        "JOIN manifest AS M ON M.staging_table_number = S.staging_table_number"
    )
    assert len(selected) == sum(number % 4 + 1 for number in range(24))
    for one in selected:
        assert one["prediction_id"] == f"{one['staging_table'].split('_')[-1]}-{one['staging_row']}"


def test_the_manifest_relation_has_one_row_per_table_and_date(engine: Engine) -> None:
    engine.stage(A, row(), row(game_date=NEXT_DATE), row(game_date=None))
    selected = engine.select("SELECT * FROM manifest ORDER BY game_date")
    (table,) = engine.staging.list_tables(KNOWN)
    assert selected == [
        {
            "staging_table_number": 0,
            "staging_table": A,
            "batch_id": "20260115_120000",
            "fingerprint": table.fingerprint,
            "game_date": date,
            "home_date": DATE,
            "listed_rows": rows,
        }
        for date, rows in ((DATE, 2), (NEXT_DATE, 1))
    ]


def test_incident_19_a_missing_column_is_null(engine: Engine) -> None:
    engine.stage(A, row())
    (selected,) = engine.select("SELECT sportsbook, similar_games_count, row_error, original_row FROM staged")
    assert set(selected.values()) == {None}


@pytest.mark.parametrize("kind", [pa.int64(), pa.string(), pa.list_(pa.string())], ids=str)
def test_an_unknown_column_that_is_null_in_every_row_is_ignored_whatever_its_type(
    engine: Engine, kind: pa.DataType
) -> None:
    engine.stage(A, row(shoe_size=None), row(game_date=NEXT_DATE, shoe_size=None), shoe_size=kind)
    (table,) = engine.staging.list_tables(KNOWN)
    assert [column.type for column in table.columns if column.name == "shoe_size"] == ["NULL"]
    assert len(engine.select("SELECT row_error FROM staged")) == 2


def test_one_value_of_an_unknown_column_is_enough_to_refuse_its_table(engine: Engine) -> None:
    engine.stage(A, row(shoe_size=None), row(game_date=NEXT_DATE, shoe_size=["47"]), shoe_size=pa.list_(pa.string()))
    with pytest.raises(TableRefused, match=r"column 'shoe_size' \(ARRAY<STRING>\)"):
        engine.select("SELECT row_error FROM staged")


def test_staged_has_the_live_columns_and_four_more(engine: Engine) -> None:
    engine.stage(A, row())
    (selected,) = engine.select("SELECT * FROM staged")
    own = ["staging_table_number", "staging_row", "row_error", "original_row"]
    assert sorted(selected) == sorted([*PREDICTIONS.column_names, *own])


def test_columns_set_by_the_consolidation_are_not_read_from_staged_rows(engine: Engine) -> None:
    engine.stage(A, row(prediction_version=9, is_active=True, superseded_by="x"))
    (selected,) = engine.select("SELECT prediction_version, is_active, superseded_by FROM staged")
    assert set(selected.values()) == {None}


@pytest.mark.parametrize(
    ("column", "value", "kind", "expected"),
    [
        ("shoe_size", 47, pa.int64(), "column 'shoe_size' (INT64)"),
        ("similar_games_count", 1.0, pa.float64(), "similar_games_count is FLOAT64 but INT64"),
        ("similar_games_count", 1, pa.uint64(), "similar_games_count is uint64 but INT64"),
        ("game_id", 22500001, pa.int64(), "game_id is INT64 but STRING"),
        ("created_at", "2026-01-15", pa.string(), "created_at is STRING but TIMESTAMP"),
        (
            "predicted_points",
            Decimal(1),
            pa.decimal256(60, 3),
            "predicted_points is decimal256(60, 3) but NUMERIC(5, 1)",
        ),
        ("lease_token", 1, pa.int64(), "column 'lease_token' (INT64)"),
    ],
)
def test_incident_21_a_table_with_a_column_that_does_not_fit_is_refused_with_both_types(
    engine: Engine, column: str, value: Any, kind: pa.DataType, expected: str
) -> None:
    engine.stage(A, row())
    engine.stage(B, row(**{column: value}), **{column: kind})
    with pytest.raises(TableRefused) as caught:
        engine.select("SELECT 1 AS one FROM staged")
    assert caught.value.table == B
    assert expected in caught.value.reason


@pytest.mark.parametrize(
    ("column", "value", "kind", "row_error", "json_part"),
    [
        ("predicted_points", float("nan"), pa.float64(), "predicted_points|fits|", '"predicted_points":"nan"'),
        ("predicted_points", float("inf"), pa.float64(), "predicted_points|fits|", '"predicted_points":"inf"'),
        ("predicted_points", 1e30, pa.float64(), "predicted_points|fits|", '"predicted_points":1e30'),
        ("predicted_points", 123456, pa.int64(), "predicted_points|fits|", '"predicted_points":123456'),
        ("current_points_line", 20.25, pa.float64(), "current_points_line|exact|", '"current_points_line":20.25'),
        ("current_points_line", Decimal("20.25"), pa.decimal128(6, 2), "current_points_line|exact|", ":20.25"),
        (
            "current_points_line",
            Decimal("20.5" + "0" * 13 + "1"),
            pa.decimal128(38, 15),
            "current_points_line|exact|",
            "",
        ),
    ],
)
def test_incident_22_a_value_that_does_not_fit_is_a_row_error_with_the_row_as_it_was_staged(
    engine: Engine, column: str, value: Any, kind: pa.DataType, row_error: str, json_part: str
) -> None:
    engine.stage(A, row())
    engine.stage(B, row(**{column: value}), **{column: kind})
    sound, broken = engine.select("SELECT row_error, original_row FROM staged ORDER BY staging_table_number")
    assert sound == {"row_error": None, "original_row": None}
    assert broken["row_error"].startswith(row_error)
    assert broken["row_error"].count("|") == 2
    assert json_part in broken["original_row"].replace(" ", "").replace("1e+30", "1e30").lower()


@pytest.mark.parametrize(
    ("column", "value", "kind", "expected"),
    [
        ("current_points_line", 20.5, pa.float64(), Decimal("20.5")),
        ("current_points_line", 21, pa.int32(), Decimal("21.0")),
        ("current_points_line", None, pa.null(), None),
        ("predicted_points", 24.449, pa.float32(), Decimal("24.4")),
        ("created_at", dt.datetime(2026, 1, 15, 12), pa.timestamp("us"), NOON),
        ("created_at", dt.datetime(2026, 1, 15, 12), pa.timestamp("ns"), NOON),
        ("created_at", NOON, pa.timestamp("ms", tz="America/New_York"), NOON),
        ("system_id", "x", pa.dictionary(pa.int32(), pa.string()), "x"),
        ("system_id", "x", pa.large_string(), "x"),
        ("game_date", DATE, pa.date64(), DATE),
        ("sportsbook", None, pa.null(), None),
        ("invalidated_at", None, pa.null(), None),
        ("feature_quality_score", 88, pa.int64(), 88.0),
    ],
)
def test_staged_values_are_converted_to_the_live_type(
    engine: Engine, column: str, value: Any, kind: pa.DataType, expected: Any
) -> None:
    engine.stage(A, row(**{column: value}), **{column: kind})
    (selected,) = engine.select(f"SELECT {column} AS it, row_error FROM staged")
    assert selected == {"it": expected, "row_error": None}


def test_json_and_arrays_are_read_unchanged(engine: Engine) -> None:
    kinds = {"key_factors": "JSON", "data_quality_issues": "ARRAY<STRING>", "default_feature_indices": "ARRAY<INT64>"}
    engine.warehouse.add_columns(PREDICTIONS.name, [Column(name, kind, "") for name, kind in kinds.items()])
    engine.stage(A, row(key_factors='{"pace": 1}', data_quality_issues=["a"], default_feature_indices=[3, 4]))
    engine.stage(B, row(key_factors="no json", data_quality_issues=[]), data_quality_issues=pa.list_(pa.null()))
    a, b = engine.select(f"SELECT {', '.join(kinds)}, row_error FROM staged ORDER BY staging_table_number")
    assert a == {
        "key_factors": '{"pace": 1}', "data_quality_issues": ["a"], "default_feature_indices": [3, 4],
        "row_error": None,
    }  # fmt: skip
    assert b["data_quality_issues"] == []
    assert b["row_error"].startswith("key_factors|fits|")


def test_a_failure_in_the_third_statement_rolls_the_first_two_back(engine: Engine) -> None:
    insert = "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)"
    first, second = engine.make_statement("first", insert), engine.make_statement("second", insert)
    broken = engine.make_statement("broken", "SELECT ERROR('no') AS x")
    with pytest.raises(StatementFailed, match=r"broken: .*no") as caught:
        engine.warehouse.run([first, second, broken])
    assert caught.value.statement == "broken"
    count = engine.make_statement("count", "SELECT COUNT(*) AS n FROM consolidation_fences")
    assert engine.warehouse.query(count) == [{"n": 0}]
    engine.warehouse.run([first, second])
    assert engine.warehouse.query(count) == [{"n": 2}]


def test_an_error_between_statements_rolls_the_transaction_back(engine: Engine) -> None:
    insert = engine.make_statement("i", "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)")
    count = engine.make_statement("count", "SELECT COUNT(*) AS n FROM consolidation_fences")

    def lose_the_lease(name: str) -> None:
        if name == "count":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.warehouse.run([insert, count], on_statement=lose_the_lease)
    assert engine.warehouse.query(count) == [{"n": 0}]


def test_an_error_of_the_check_rolls_the_transaction_back(engine: Engine) -> None:
    insert = engine.make_statement("i", "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)")

    def lose_the_lease() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.warehouse.run([insert], check=lose_the_lease)
    count = engine.make_statement("count", "SELECT COUNT(*) AS n FROM consolidation_fences")
    assert engine.warehouse.query(count) == [{"n": 0}]


def test_the_check_of_a_working_warehouse_passes(engine: Engine) -> None:
    engine.warehouse.check()


def test_a_failed_audit_rolls_the_transaction_back_with_an_example(engine: Engine) -> None:
    insert = engine.make_statement("i", "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)")
    audit = engine.make_statement("no_fences", "SELECT lease_key FROM consolidation_fences", audit=True)
    assert engine.warehouse.run([audit]).rows["no_fences"] == [{"passed": True}]
    with pytest.raises(StatementFailed, match=r"no_fences: .*audit failed: 1 row\(s\), for instance .*lease_key.*a"):
        engine.warehouse.run([insert, audit])


def test_only_selects_return_rows(engine: Engine) -> None:
    insert = engine.make_statement("i", "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)")
    assert engine.warehouse.run([insert]).rows == {"i": []}


RELATION: dict[str, tuple[pa.DataType, list[Any]]] = {
    "text": (pa.string(), ["it's", "", None]),
    "whole": (pa.int64(), [2**53 + 1, -1, None]),
    "real": (pa.float64(), [0.1, -1e300, None]),
    "yes": (pa.bool_(), [True, False, None]),
    "day": (pa.date32(), [DATE, dt.date(1999, 12, 31), None]),
    "exact": (pa.decimal128(5, 1), [Decimal("20.5"), Decimal("-9999.9"), None]),
    "exacter": (pa.decimal128(38, 9), [Decimal("0.000000001"), Decimal(1), None]),
    "moment": (pa.timestamp("us", tz="UTC"), [NOON.replace(microsecond=123456), NOON, None]),
}


def relation(rows: int = 3) -> pa.Table:
    """That many rows of RELATION, repeated, each with its position."""
    columns = {name: pa.array((values * rows)[:rows], kind) for name, (kind, values) in RELATION.items()}
    return pa.table({"position": pa.array(range(rows), pa.int64()), **columns})


def listed_tables(engine: Engine) -> set[str]:
    """The names of all existing tables, also of those that no test created."""
    if isinstance(engine.warehouse, DuckDBWarehouse):
        with connect(engine.warehouse.path) as connection:
            return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert isinstance(engine.warehouse, BigQueryWarehouse)
    client = engine.warehouse.session.client
    return {table.table_id for table in client.list_tables(engine.warehouse.dataset)}


@pytest.mark.parametrize("rows", [3, 5000])
def test_a_relation_is_read_unchanged(engine: Engine, rows: int) -> None:
    read = engine.make_statement("read", "SELECT * FROM source_rows ORDER BY position")
    selected = engine.warehouse.run([read], relations={"source_rows": relation(rows)}).rows["read"]
    assert selected == relation(rows).to_pylist()


def test_an_empty_relation_has_the_types_of_its_columns(engine: Engine) -> None:
    copy = engine.make_statement("copy", "CREATE TEMP TABLE copied AS SELECT * FROM source_rows")
    insert = engine.make_statement("insert", """
        INSERT INTO consolidation_fences (lease_key, token)
        SELECT CONCAT('a', C.text), C.whole + LENGTH(C.text) FROM copied AS C WHERE C.moment > CURRENT_TIMESTAMP()
          AND DATE_ADD(C.day, INTERVAL 1 DAY) > C.day AND C.yes AND C.exact + C.exacter > 1 AND IS_NAN(C.real)
    """)  # fmt: skip
    count = engine.make_statement("count", "SELECT COUNT(*) AS n FROM source_rows")
    selected = engine.warehouse.run([copy, insert, count], relations={"source_rows": relation(0)}).rows
    assert selected["count"] == [{"n": 0}]


def test_relations_can_be_joined_by_name_or_alias(engine: Engine) -> None:
    text = """
        SELECT one.position, T.exact FROM one JOIN two AS T ON T.position = one.position
        WHERE one.position NOT IN (SELECT position FROM two WHERE two.exact < 0) ORDER BY one.position
    """
    relations = {"one": relation(2).select(["position"]), "two": relation()}
    selected = engine.warehouse.run([engine.make_statement("read", text)], relations=relations).rows["read"]
    assert selected == [{"position": 0, "exact": Decimal("20.5")}]


def test_a_relation_can_be_inserted_into_a_table(engine: Engine) -> None:
    text = (
        "INSERT INTO consolidation_fences (lease_key, token) SELECT text, whole FROM source_rows WHERE text IS NOT NULL"
    )
    engine.warehouse.run([engine.make_statement("insert", text)], relations={"source_rows": relation()})
    read = engine.make_statement("read", "SELECT lease_key, token FROM consolidation_fences ORDER BY token")
    assert engine.warehouse.query(read) == [
        {"lease_key": "", "token": -1}, {"lease_key": "it's", "token": 2**53 + 1},
    ]  # fmt: skip


def test_a_relation_exists_for_one_transaction_and_is_not_listed_as_a_staging_table(engine: Engine) -> None:
    before = listed_tables(engine)
    listed: list[Any] = []
    engine.warehouse.run(
        [engine.make_statement("read", "SELECT 1 AS one FROM source_rows")],
        check=lambda: listed.extend(engine.staging.list_tables(KNOWN)),
        relations={"source_rows": relation()},
    )
    assert (listed_tables(engine), listed) == (before, [])
    with pytest.raises(StatementFailed):
        engine.warehouse.run([engine.make_statement("read", "SELECT 1 AS one FROM source_rows")])


@pytest.mark.parametrize("failure", ["statement", "check"])
def test_a_failed_transaction_leaves_neither_rows_nor_relations(engine: Engine, failure: str) -> None:
    before = listed_tables(engine)
    text = "INSERT INTO consolidation_fences (lease_key, token) SELECT 'a', position FROM source_rows"
    insert, broken = engine.make_statement("i", text), engine.make_statement("broken", "SELECT ERROR('no') AS x")

    def check() -> None:
        if failure == "check":
            raise KeyboardInterrupt

    with pytest.raises((StatementFailed, KeyboardInterrupt)):
        engine.warehouse.run([insert, broken], check=check, relations={"source_rows": relation()})
    assert listed_tables(engine) == before
    count = engine.make_statement("count", "SELECT COUNT(*) AS n FROM consolidation_fences")
    assert engine.warehouse.query(count) == [{"n": 0}]


def test_countif_without_a_true_row_is_zero(engine: Engine) -> None:
    text = "SELECT COUNTIF(N.it) AS nulls, COUNTIF(N.it IS NULL) AS all_of_it FROM UNNEST(@rows) AS N"
    parameters = {"rows": [{"it": None}, {"it": None}]}
    none_true = "SELECT COUNTIF(token > 0) AS n FROM consolidation_fences"
    assert engine.warehouse.query(engine.make_statement("count", text, parameters=parameters)) == [
        {"nulls": 0, "all_of_it": 2}
    ]
    assert engine.warehouse.query(engine.make_statement("count", none_true)) == [{"n": 0}]


def test_names_are_folded_to_the_same_player_key_in_both_engines(engine: Engine) -> None:
    names = [{"position": position, "name": name} for position, name in enumerate(LOOKUPS)]
    text = "SELECT position, macro.PLAYER_KEY(N.name) AS it FROM UNNEST(@names) AS N ORDER BY position"
    selected = engine.warehouse.query(engine.make_statement("keys", text, parameters={"names": names}))
    assert [row["it"] for row in selected] == list(LOOKUPS.values())


def test_the_error_for_a_missing_table_says_what_to_do(engine: Engine) -> None:
    with pytest.raises(WarehouseError, match=r"nowhere does not exist.*bootstrap"):
        engine.warehouse.live_columns("nowhere")


@pytest.mark.parametrize("table", [*ALL_TABLES, *VIEWS], ids=lambda table: table.name)
def test_the_live_table_has_every_declared_column_type_and_description(engine: Engine, table: Any) -> None:
    """In BigQuery the columns of a view have types without parameters: NUMERIC, where DuckDB keeps NUMERIC(5, 1)."""

    def described(columns: Sequence[Column]) -> list[tuple[str, str, str]]:
        types = [column.type.partition("(")[0] if table in VIEWS else column.type for column in columns]
        return [(column.name, type_, column.description) for column, type_ in zip(columns, types, strict=True)]

    assert described(engine.warehouse.live_columns(table.name)) == described(table.columns)


def test_a_description_of_an_earlier_version_is_replaced_and_other_columns_keep_theirs(engine: Engine) -> None:
    def descriptions() -> dict[str, str]:
        return {column.name: column.description for column in engine.warehouse.live_columns(FENCES.name)}

    declared = descriptions()
    other = Column("theirs", "STRING", "The operator's own.")
    engine.warehouse.add_columns(FENCES.name, [other])
    earlier = tuple(dataclasses.replace(column, description="It's old.") for column in (*FENCES.columns, other))
    engine.warehouse.describe([dataclasses.replace(FENCES, columns=earlier)])
    assert set(descriptions().values()) == {"It's old."}
    engine.warehouse.describe([FENCES])
    assert descriptions() == {**declared, "theirs": "It's old."}


def test_creating_tables_and_columns_again_changes_nothing(engine: Engine) -> None:
    added = [
        Column("key_factors", "JSON", ""),
        Column("issues", "ARRAY<STRING>", ""),
        Column("ids", "ARRAY<INT64>", ""),
    ]
    for _ in range(2):
        engine.warehouse.create_tables(ALL_TABLES)
        engine.warehouse.add_columns(PREDICTIONS.name, added)
    assert engine.warehouse.live_columns(PREDICTIONS.name)[-3:] == tuple(added)
