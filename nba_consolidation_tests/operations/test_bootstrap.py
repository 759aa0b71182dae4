"""What a previous version published is carried over into published_predictions, row by row, once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.fencing.audits import NOT_PUBLISHED_ONCE
from nba_consolidation.fencing.errors import DatesPoisoned
from nba_consolidation.leases import Holder, LeaseHeld, LeaseTiming, hold, lease_key
from nba_consolidation.operations import bootstrap
from nba_consolidation.operations.doctor.health_checks import Health, _tables
from nba_consolidation.pipeline.publication.publish import unpublished_dates
from nba_consolidation.schema import ALL_TABLES, BOX_SCORES, VIEWS
from nba_consolidation.settings import Settings
from nba_consolidation.sql import Statement
from nba_consolidation.wiring import Deployment, deploy
from nba_consolidation_tests.operations.previous_version import TABLES_BEFORE, VALIDATED_BEFORE
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, THIRD_DATE, prediction, staged
from nba_consolidation_tests.prepared import connect

Row = dict[str, Any]
ROW_ORDER = "game_date, player_lookup, system_id"
CALIBRATED = {"calibrated_confidence": Decimal("0.420000"), "calibration_version": "catboost_v9-20260101-old"}


def execute(at: Deployment, text: str) -> list[Row]:
    """Plain SQL, without creating any table."""
    with connect(at.settings.home / "warehouse.duckdb") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        cursor = connection.execute(text)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def contents(at: Deployment) -> dict[str, list[Row]]:
    """Every row of every table."""
    return {table.name: execute(at, f"SELECT * FROM {table.name} ORDER BY ALL") for table in ALL_TABLES}


def validated_before(at: Deployment) -> None:
    """Fills validated_predictions from the consolidated rows, with calibrations and filters as they were then."""
    names = ", ".join(VALIDATED_BEFORE.column_names)
    shared = [
        name
        for name in VALIDATED_BEFORE.column_names
        if name in {column.name for column in at.warehouse.live_columns("player_prop_predictions")}
    ]
    sources = {name: f"P.{name}" for name in shared} | {
        "edge": "predicted_points - current_points_line",
        "confidence": "confidence_score", "confidence_scale": "'fraction'",
        "calibrated_confidence": "IF(system_id = 'catboost_v9', 0.42, confidence_score)",
        "calibration_version": f"IF(system_id = 'catboost_v9', '{CALIBRATED['calibration_version']}', NULL)",
        "is_actionable": "FALSE",
        "filter_reason": "CONCAT_WS(', ', P.filter_reason, 'blacklisted_player')",
        "player_status": "'blacklisted'", "variance_flag": "'high'",
        "validated_at": "created_at + INTERVAL 1 HOUR",
        "lease_token": "7", "run_id": "'before'",
    }  # fmt: skip
    values = ", ".join(sources[name] for name in VALIDATED_BEFORE.column_names)
    execute(at, f"INSERT INTO validated_predictions ({names}) SELECT {values} FROM player_prop_predictions AS P")


@pytest.fixture
def home(tmp_path: Path) -> Deployment:
    """A home of the previous version with three dates."""
    at = deploy(Settings(home=tmp_path / "home", lease_wait=0))
    at.settings.home.mkdir()
    at.warehouse.create_tables(TABLES_BEFORE)
    rows = [
        prediction(game_date=date, system_id=system, player_lookup=player, is_actionable=player != "lukadoncic",
                   filter_reason="low_confidence" if player == "lukadoncic" else None)
        for date in (DATE, NEXT_DATE, THIRD_DATE)
        for system in ("catboost_v9", "ensemble_v1")
        for player in ("jaimejaquezjr", "lukadoncic")
    ]  # fmt: skip
    at.staging.write("_staging_20260115_120000_w0", staged(rows))
    at.consolidator.consolidate([DATE, NEXT_DATE, THIRD_DATE], Holder.here("before"))
    execute(at, "DROP TABLE published_predictions")
    validated_before(at)
    return at


def migrate(at: Deployment) -> bootstrap.Plan:
    planned = bootstrap.plan(at.warehouse)
    bootstrap.apply(at.fenced_writer, Holder.here("bootstrap"), planned)
    return planned


def test_every_row_is_carried_over_as_it_was_and_a_second_time_changes_nothing(home: Deployment) -> None:
    before = execute(home, f"SELECT * FROM validated_predictions ORDER BY {ROW_ORDER}")
    assert len(before) == 12
    planned = migrate(home)
    assert planned.carried_over == {DATE: 4, NEXT_DATE: 4, THIRD_DATE: 4}
    assert [change.table.name for change in planned.tables if change.creates or change.missing] == [
        "published_predictions"
    ]
    after = execute(home, f"SELECT * FROM published_predictions ORDER BY {ROW_ORDER}")
    assert after == [
        {name: row[name] for name in after[0] if name != "published_at"} | {"published_at": row["validated_at"]}
        for row in before
    ]
    assert NOT_PUBLISHED_ONCE.findings(home.warehouse, [DATE, NEXT_DATE, THIRD_DATE]) == []
    assert unpublished_dates(home.warehouse) == ()
    everything = contents(home)
    assert not migrate(home).changes
    assert contents(home) == everything


def test_validated_rows_are_kept_and_their_filters_are_the_workers_again(home: Deployment) -> None:
    before = execute(home, f"SELECT * FROM validated_predictions ORDER BY {ROW_ORDER}")
    migrate(home)
    after = execute(home, f"SELECT * FROM validated_predictions ORDER BY {ROW_ORDER}")
    workers: dict[str, Row] = {
        "jaimejaquezjr": {"is_actionable": True, "filter_reason": None},
        "lukadoncic": {"is_actionable": False, "filter_reason": "low_confidence"},
    }
    assert after == [row | workers[row["player_lookup"]] for row in before]


def test_a_past_date_that_is_published_again_has_each_filter_once(home: Deployment) -> None:
    migrate(home)
    home.publisher.publish([DATE], Holder.here("person"))
    rows = execute(home, f"SELECT * FROM published_predictions WHERE game_date = '{DATE}' ORDER BY {ROW_ORDER}")
    assert [(row["is_actionable"], row["filter_reason"]) for row in rows] == [
        (True, None), (True, None), (False, "low_confidence"), (False, "low_confidence")
    ]  # fmt: skip
    assert {row["calibration_version"] for row in rows} == {None}  # no calibration is in force in this home


def test_a_date_that_the_new_version_published_first_keeps_that(home: Deployment) -> None:
    home.create_tables()
    home.validator.validate([DATE], Holder.here("new"))
    home.publisher.publish([DATE], Holder.here("new"))
    published = f"SELECT * FROM published_predictions WHERE game_date = '{DATE}' ORDER BY {ROW_ORDER}"
    before = execute(home, published)
    assert migrate(home).carried_over == {NEXT_DATE: 4, THIRD_DATE: 4}
    assert execute(home, published) == before


def test_what_the_new_version_validated_and_did_not_publish_is_not_carried_over(home: Deployment) -> None:
    home.create_tables()
    home.validator.validate([DATE], Holder.here("new"))
    assert migrate(home).carried_over == {NEXT_DATE: 4, THIRD_DATE: 4}
    assert unpublished_dates(home.warehouse) == (DATE,)


def test_a_date_that_cannot_be_carried_over_is_named_and_the_others_are(home: Deployment) -> None:
    execute(
        home, f"INSERT INTO validated_predictions SELECT * FROM validated_predictions WHERE game_date = '{NEXT_DATE}'"
    )
    with pytest.raises(DatesPoisoned) as raised:
        migrate(home)
    assert list(raised.value.errors) == [NEXT_DATE]
    rows = execute(home, "SELECT game_date, COUNT(*) AS n FROM published_predictions GROUP BY ALL ORDER BY ALL")
    assert [(row["game_date"], row["n"]) for row in rows] == [(DATE, 4), (THIRD_DATE, 4)]


def test_the_migration_waits_for_a_consolidation(home: Deployment) -> None:
    holder = Holder.here("consolidation")
    with (
        hold(home.leases, [lease_key("consolidation", DATE)], holder, timing=LeaseTiming()),
        pytest.raises(LeaseHeld),
    ):
        migrate(home)
    assert execute(home, "SELECT * FROM published_predictions") == []


def test_doctor_warns_until_the_rows_are_carried_over(home: Deployment) -> None:
    home.create_tables()
    assert _tables(home.warehouse)[0] is Health.WARNING
    migrate(home)
    assert _tables(home.warehouse)[0] is Health.OK


def test_tables_and_columns_of_an_earlier_home_are_described(home: Deployment) -> None:
    migrate(home)
    comments = (
        "SELECT table_name || '.' AS name, comment FROM duckdb_tables() UNION ALL "
        "SELECT table_name || '.' || column_name, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
    )
    declared = execute(home, comments)
    names = {f"{table.name}.{name}" for table in (*ALL_TABLES, BOX_SCORES) for name in ("", *table.column_names)}
    assert names <= {row["name"] for row in declared if row["comment"]}
    execute(home, "COMMENT ON TABLE grading_ledger IS NULL")
    execute(home, "COMMENT ON COLUMN grading_ledger.kind IS NULL")
    planned = migrate(home)
    assert {change.table.name: change.undescribed for change in planned.tables if change.changes} == {
        "grading_ledger": ("kind",)
    }
    assert execute(home, comments) == declared


def test_views_over_tables_of_an_earlier_version_wait_for_bootstrap(home: Deployment) -> None:
    """Some columns that they read may not be there yet; no other command may fail for that."""
    execute(home, "ALTER TABLE system_performance DROP COLUMN roi_110")
    for view in VIEWS:
        execute(home, f"DROP VIEW IF EXISTS {view.name}")
    home.create_tables()
    names = "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1"
    assert execute(home, names) == []
    assert all(change.creates for change in migrate(home).views)
    assert [row["view_name"] for row in execute(home, names)] == sorted(view.name for view in VIEWS)
    assert not bootstrap.plan(home.warehouse).changes


def test_a_view_is_made_again_with_the_select_of_this_version(home: Deployment) -> None:
    migrate(home)
    definition = "SELECT sql FROM duckdb_views() WHERE view_name = 'bets'"
    before = execute(home, definition)
    execute(home, f"CREATE OR REPLACE VIEW bets AS {Statement('bets').render('duckdb')} LIMIT 0")
    migrate(home)
    assert execute(home, definition) == before


def test_a_new_home_has_nothing_to_carry_over(tmp_path: Path) -> None:
    at = deploy(Settings(home=tmp_path / "new"))
    assert migrate(at).carried_over == {}
    assert not bootstrap.plan(at.warehouse).changes
