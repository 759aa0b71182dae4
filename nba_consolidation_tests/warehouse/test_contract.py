"""What every warehouse and every staging area must do, whichever engine it is."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from nba_consolidation.tables import ALL_TABLES, PREDICTIONS, Column
from nba_consolidation.warehouse.bigquery_warehouse import BigQueryWarehouse
from nba_consolidation.warehouse.duckdb_warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.errors import StatementFailed, TableRefused, WarehouseError
from nba_consolidation_tests.names import LOOKUPS
from nba_consolidation_tests.prepared import connect

from .conftest import Engine
from .rows import DATE, KNOWN, NEXT_DATE, NOON, A, B, row, rows_table


def test_a_staging_area_that_nobody_wrote_to_is_empty(engine: Engine) -> None:
    assert engine.staging.list_tables(KNOWN) == []


def test_a_written_table_is_listed_with_its_rows_by_date(engine: Engine) -> None:
    engine.stage(A, row(), row(game_date=NEXT_DATE), row())
    (listed,) = engine.staging.list_tables(KNOWN)
    assert (listed.name, listed.rows, listed.dates, listed.refusal) == (A, 3, {DATE: 2, NEXT_DATE: 1}, None)
    assert (listed.home_date, listed.stray_rows) == (DATE, 0)


def test_what_write_returns_is_the_state_that_is_listed(engine: Engine) -> None:
    written = engine.staging.write(A, rows_table(row()))
    (listed,) = engine.staging.list_tables(KNOWN)
    assert (written.fingerprint, written.rows, written.columns) == (listed.fingerprint, 1, listed.columns)


def test_rows_of_no_known_date_are_strays_of_the_first_date(engine: Engine) -> None:
    engine.stage(A, row(), row(game_date=None), row(game_date=dt.date(1999, 1, 1)))
    (listed,) = engine.staging.list_tables(KNOWN)
    assert (listed.dates, listed.stray_rows, listed.rows_of(DATE)) == ({DATE: 1}, 2, 3)


def test_a_table_whose_rows_all_have_no_known_date_is_refused(engine: Engine) -> None:
    engine.stage(A, row(game_date=dt.date(1999, 1, 1)))
    (listed,) = engine.staging.list_tables(KNOWN)
    assert "1999-01-01" in str(listed.refusal)


def test_a_table_without_rows_waits_for_no_date_and_is_not_refused(engine: Engine) -> None:
    engine.staging.write(A, rows_table(row()).slice(0, 0))
    (listed,) = engine.staging.list_tables(KNOWN)
    assert (listed.rows, listed.dates, listed.refusal) == (0, {}, None)


def test_a_table_without_a_game_date_is_refused(engine: Engine) -> None:
    engine.staging.write(A, rows_table(row()).drop_columns(["game_date"]))
    assert "no column game_date" in str(engine.staging.list_tables(KNOWN)[0].refusal)


def test_a_game_date_of_another_type_is_refused_with_both_types(engine: Engine) -> None:
    engine.stage(A, row(game_date="2026-01-15"), game_date=pa.string())
    assert "game_date is STRING but DATE" in str(engine.staging.list_tables(KNOWN)[0].refusal)


def test_a_name_that_is_no_staging_table_is_not_written(engine: Engine) -> None:
    for name in ("_staging_a'; DROP TABLE x", "_staging_../a", "predictions", "_staging_", "_staging_" + "x" * 300):
        with pytest.raises(TableRefused):
            engine.staging.write(name, rows_table(row()))
    assert engine.staging.list_tables(KNOWN) == []


def test_a_dropped_table_is_gone(engine: Engine) -> None:
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
    engine.stage(B, row())  # arrived meanwhile, and not in the list
    assert engine.staging.drop(listed) == []
    assert [(table.name, table.rows) for table in engine.staging.list_tables(KNOWN)] == [(A, 2), (B, 1)]


def test_an_archived_table_is_out_of_the_listing_and_told_where_it_lies(engine: Engine) -> None:
    engine.stage(A, row())
    engine.stage(B, row())
    a, _ = engine.staging.list_tables(KNOWN)
    ((name, place),) = engine.staging.archive([a]).items()
    assert name == A
    assert A in place
    assert [table.name for table in engine.staging.list_tables(KNOWN)] == [B]
    assert engine.staging.archive([a]) == {}


def test_two_states_of_a_table_are_archived_beside_each_other(engine: Engine) -> None:
    places: list[str] = []
    for rows in (1, 2):
        engine.stage(A, *[row()] * rows)
        places += engine.staging.archive(engine.staging.list_tables(KNOWN)).values()
    assert len(set(places)) == 2


def test_incident_27_a_table_redelivered_after_the_listing_is_not_archived(engine: Engine) -> None:
    engine.stage(A, row())
    listed = engine.staging.list_tables(KNOWN)
    engine.stage(A, row(), row(prediction_id="late"))
    assert engine.staging.archive(listed) == {}
    assert [(table.name, table.rows) for table in engine.staging.list_tables(KNOWN)] == [(A, 2)]


def test_nothing_is_archived_where_nothing_was_ever_staged(engine: Engine) -> None:
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


def test_a_table_that_is_gone_since_it_was_listed_is_refused(engine: Engine) -> None:
    engine.stage(A, row())
    manifest = engine.manifest()
    engine.staging.drop([entry.table for entry in manifest])
    with pytest.raises(TableRefused, match="changed since"):
        engine.select("SELECT COUNT(*) AS n FROM staged", manifest)


def test_staged_numbers_lead_to_the_right_table_over_many_tables_and_shapes(engine: Engine) -> None:
    for number in range(24):
        shape: dict[str, Any] = [{}, {"sportsbook": "x"}, {"model_version": "1"}][number % 3]
        rows = [row(prediction_id=f"{number}-{place}", **shape) for place in range(number % 4 + 1)]
        engine.stage(f"_staging_20260115_120000_{number * 7 % 24:03}_{number}", *rows)
    found = engine.select(
        "SELECT M.staging_table, S.staging_row, S.prediction_id FROM staged AS S "
        "JOIN manifest AS M ON M.staging_table_number = S.staging_table_number"
    )
    assert len(found) == sum(number % 4 + 1 for number in range(24))
    for one in found:
        assert one["prediction_id"] == f"{one['staging_table'].split('_')[-1]}-{one['staging_row']}"


def test_the_manifest_relation_has_one_row_per_table_and_date(engine: Engine) -> None:
    engine.stage(A, row(), row(game_date=NEXT_DATE), row(game_date=None))
    found = engine.select("SELECT * FROM manifest ORDER BY game_date")
    (table,) = engine.staging.list_tables(KNOWN)
    assert found == [
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


def test_incident_19_a_column_that_a_worker_does_not_have_is_null(engine: Engine) -> None:
    engine.stage(A, row())
    (found,) = engine.select("SELECT sportsbook, similar_games_count, misfit, original_row FROM staged")
    assert set(found.values()) == {None}


def test_staged_has_the_live_columns_and_four_of_its_own(engine: Engine) -> None:
    engine.stage(A, row())
    (found,) = engine.select("SELECT * FROM staged")
    own = ["staging_table_number", "staging_row", "misfit", "original_row"]
    assert sorted(found) == sorted([*PREDICTIONS.column_names, *own])


def test_what_is_ours_to_set_is_not_read_from_a_staged_row(engine: Engine) -> None:
    engine.stage(A, row(prediction_version=9, is_active=True, superseded_by="x"))
    (found,) = engine.select("SELECT prediction_version, is_active, superseded_by FROM staged")
    assert set(found.values()) == {None}


@pytest.mark.parametrize(
    ("column", "value", "kind", "wanted"),
    [
        ("shoe_size", 47, pa.int64(), "column shoe_size (INT64)"),
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
        ("lease_token", 1, pa.int64(), "column lease_token (INT64)"),
    ],
)
def test_incident_21_a_column_that_does_not_fit_refuses_its_table_and_names_both_types(
    engine: Engine, column: str, value: Any, kind: pa.DataType, wanted: str
) -> None:
    engine.stage(A, row())
    engine.stage(B, row(**{column: value}), **{column: kind})
    with pytest.raises(TableRefused) as caught:
        engine.select("SELECT 1 AS one FROM staged")
    assert caught.value.table == B
    assert wanted in caught.value.reason


@pytest.mark.parametrize(
    ("column", "value", "kind", "misfit", "shown"),
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
def test_incident_22_a_value_that_does_not_fit_is_a_misfit_and_shown_as_it_was(
    engine: Engine, column: str, value: Any, kind: pa.DataType, misfit: str, shown: str
) -> None:
    engine.stage(A, row())
    engine.stage(B, row(**{column: value}), **{column: kind})
    sound, found = engine.select("SELECT misfit, original_row FROM staged ORDER BY staging_table_number")
    assert sound == {"misfit": None, "original_row": None}
    assert found["misfit"].startswith(misfit)
    assert found["misfit"].count("|") == 2
    assert shown in found["original_row"].replace(" ", "").replace("1e+30", "1e30").lower()


@pytest.mark.parametrize(
    ("column", "value", "kind", "wanted"),
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
def test_values_arrive_in_the_live_type(
    engine: Engine, column: str, value: Any, kind: pa.DataType, wanted: Any
) -> None:
    engine.stage(A, row(**{column: value}), **{column: kind})
    (found,) = engine.select(f"SELECT {column} AS it, misfit FROM staged")
    assert found == {"it": wanted, "misfit": None}


def test_json_and_arrays_are_carried_through(engine: Engine) -> None:
    kinds = {"key_factors": "JSON", "data_quality_issues": "ARRAY<STRING>", "default_feature_indices": "ARRAY<INT64>"}
    engine.warehouse.add_columns(PREDICTIONS.name, [Column(name, kind, "") for name, kind in kinds.items()])
    engine.stage(A, row(key_factors='{"pace": 1}', data_quality_issues=["a"], default_feature_indices=[3, 4]))
    engine.stage(B, row(key_factors="no json", data_quality_issues=[]), data_quality_issues=pa.list_(pa.null()))
    a, b = engine.select(f"SELECT {', '.join(kinds)}, misfit FROM staged ORDER BY staging_table_number")
    assert a == {
        "key_factors": '{"pace": 1}', "data_quality_issues": ["a"], "default_feature_indices": [3, 4], "misfit": None,
    }  # fmt: skip
    assert b["data_quality_issues"] == []
    assert b["misfit"].startswith("key_factors|fits|")


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


def test_whatever_is_raised_between_statements_rolls_back(engine: Engine) -> None:
    insert = engine.make_statement("i", "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)")
    count = engine.make_statement("count", "SELECT COUNT(*) AS n FROM consolidation_fences")

    def lease_is_lost(name: str) -> None:
        if name == "count":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.warehouse.run([insert, count], on_statement=lease_is_lost)
    assert engine.warehouse.query(count) == [{"n": 0}]


def test_a_check_that_raises_ends_the_transaction_with_nothing_written(engine: Engine) -> None:
    insert = engine.make_statement("i", "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)")

    def lease_is_lost() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.warehouse.run([insert], check=lease_is_lost)
    count = engine.make_statement("count", "SELECT COUNT(*) AS n FROM consolidation_fences")
    assert engine.warehouse.query(count) == [{"n": 0}]


def test_a_warehouse_that_can_be_used_passes_its_check(engine: Engine) -> None:
    engine.warehouse.check()


def test_a_failed_audit_fails_the_transaction_and_shows_what_it_found(engine: Engine) -> None:
    insert = engine.make_statement("i", "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)")
    audit = engine.make_statement("no_fences", "SELECT lease_key FROM consolidation_fences", audit=True)
    assert engine.warehouse.run([audit]).rows["no_fences"] == [{"passed": True}]
    with pytest.raises(StatementFailed, match=r"no_fences: .*audit failed: 1 found, for instance .*lease_key.*a"):
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
    """The first rows of RELATION, over and over, each with its place."""
    columns = {name: pa.array((values * rows)[:rows], kind) for name, (kind, values) in RELATION.items()}
    return pa.table({"place": pa.array(range(rows), pa.int64()), **columns})


def listed_tables(engine: Engine) -> set[str]:
    """Every table that there is, whoever made it."""
    if isinstance(engine.warehouse, DuckDBWarehouse):
        with connect(engine.warehouse.path) as connection:
            return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert isinstance(engine.warehouse, BigQueryWarehouse)
    client = engine.warehouse.session.client
    return {table.table_id for table in client.list_tables(engine.warehouse.dataset)}


@pytest.mark.parametrize("rows", [3, 5000])
def test_a_relation_is_read_as_it_was_given(engine: Engine, rows: int) -> None:
    read = engine.make_statement("read", "SELECT * FROM given ORDER BY place")
    found = engine.warehouse.run([read], relations={"given": relation(rows)}).rows["read"]
    assert found == relation(rows).to_pylist()


def test_an_empty_relation_has_the_types_of_its_columns(engine: Engine) -> None:
    copy = engine.make_statement("copy", "CREATE TEMP TABLE copied AS SELECT * FROM given")
    insert = engine.make_statement("insert", """
        INSERT INTO consolidation_fences (lease_key, token)
        SELECT CONCAT('a', C.text), C.whole + LENGTH(C.text) FROM copied AS C WHERE C.moment > CURRENT_TIMESTAMP()
          AND DATE_ADD(C.day, INTERVAL 1 DAY) > C.day AND C.yes AND C.exact + C.exacter > 1 AND IS_NAN(C.real)
    """)  # fmt: skip
    count = engine.make_statement("count", "SELECT COUNT(*) AS n FROM given")
    found = engine.warehouse.run([copy, insert, count], relations={"given": relation(0)}).rows
    assert found["count"] == [{"n": 0}]


def test_several_relations_are_joined_under_their_names_or_an_alias(engine: Engine) -> None:
    text = """
        SELECT one.place, T.exact FROM one JOIN two AS T ON T.place = one.place
        WHERE one.place NOT IN (SELECT place FROM two WHERE two.exact < 0) ORDER BY one.place
    """
    given = {"one": relation(2).select(["place"]), "two": relation()}
    found = engine.warehouse.run([engine.make_statement("read", text)], relations=given).rows["read"]
    assert found == [{"place": 0, "exact": Decimal("20.5")}]


def test_a_relation_goes_into_a_table_of_ours(engine: Engine) -> None:
    text = "INSERT INTO consolidation_fences (lease_key, token) SELECT text, whole FROM given WHERE text IS NOT NULL"
    engine.warehouse.run([engine.make_statement("insert", text)], relations={"given": relation()})
    read = engine.make_statement("read", "SELECT lease_key, token FROM consolidation_fences ORDER BY token")
    assert engine.warehouse.query(read) == [
        {"lease_key": "", "token": -1}, {"lease_key": "it's", "token": 2**53 + 1},
    ]  # fmt: skip


def test_a_relation_is_gone_afterwards_and_never_a_staging_table(engine: Engine) -> None:
    before = listed_tables(engine)
    seen: list[Any] = []
    engine.warehouse.run(
        [engine.make_statement("read", "SELECT 1 AS one FROM given")],
        check=lambda: seen.extend(engine.staging.list_tables(KNOWN)),
        relations={"given": relation()},
    )
    assert (listed_tables(engine), seen) == (before, [])
    with pytest.raises(StatementFailed):
        engine.warehouse.run([engine.make_statement("read", "SELECT 1 AS one FROM given")])


@pytest.mark.parametrize("failure", ["statement", "check"])
def test_a_failing_transaction_leaves_no_relation_and_nothing_of_it(engine: Engine, failure: str) -> None:
    before = listed_tables(engine)
    text = "INSERT INTO consolidation_fences (lease_key, token) SELECT 'a', place FROM given"
    insert, broken = engine.make_statement("i", text), engine.make_statement("broken", "SELECT ERROR('no') AS x")

    def check() -> None:
        if failure == "check":
            raise KeyboardInterrupt

    with pytest.raises((StatementFailed, KeyboardInterrupt)):
        engine.warehouse.run([insert, broken], check=check, relations={"given": relation()})
    assert listed_tables(engine) == before
    count = engine.make_statement("count", "SELECT COUNT(*) AS n FROM consolidation_fences")
    assert engine.warehouse.query(count) == [{"n": 0}]


def test_a_count_of_what_is_never_true_is_zero(engine: Engine) -> None:
    text = "SELECT COUNTIF(N.it) AS nulls, COUNTIF(N.it IS NULL) AS all_of_it FROM UNNEST(@rows) AS N"
    given = {"rows": [{"it": None}, {"it": None}]}
    nothing = "SELECT COUNTIF(token > 0) AS n FROM consolidation_fences"
    assert engine.warehouse.query(engine.make_statement("count", text, parameters=given)) == [
        {"nulls": 0, "all_of_it": 2}
    ]
    assert engine.warehouse.query(engine.make_statement("count", nothing)) == [{"n": 0}]


def test_names_fold_to_the_same_player_key(engine: Engine) -> None:
    names = [{"place": place, "name": name} for place, name in enumerate(LOOKUPS)]
    text = "SELECT place, PLAYER_KEY(N.name) AS it FROM UNNEST(@names) AS N ORDER BY place"
    found = engine.warehouse.query(engine.make_statement("keys", text, parameters={"names": names}))
    assert [row["it"] for row in found] == list(LOOKUPS.values())


def test_a_missing_table_is_an_error_that_says_what_to_do(engine: Engine) -> None:
    with pytest.raises(WarehouseError, match=r"nowhere does not exist.*bootstrap"):
        engine.warehouse.live_columns("nowhere")


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
def test_every_declared_type_comes_back_from_the_live_table(engine: Engine, table: Any) -> None:
    declared = [(column.name, column.type) for column in table.columns]
    assert [(column.name, column.type) for column in engine.warehouse.live_columns(table.name)] == declared


def test_tables_and_columns_are_created_once_and_then_left_alone(engine: Engine) -> None:
    added = [
        Column("key_factors", "JSON", ""),
        Column("issues", "ARRAY<STRING>", ""),
        Column("ids", "ARRAY<INT64>", ""),
    ]
    for _ in range(2):
        engine.warehouse.create_tables(ALL_TABLES)
        engine.warehouse.add_columns(PREDICTIONS.name, added)
    assert engine.warehouse.live_columns(PREDICTIONS.name)[-3:] == tuple(added)
