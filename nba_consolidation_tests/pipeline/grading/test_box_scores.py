"""Box scores: a file is taken whole or not at all, replaces what it names and nothing else, and hides no problem."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from nba_consolidation.fencing import fenced_writer
from nba_consolidation.fencing.errors import FencedOut
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder, LeaseHeld, lease_key
from nba_consolidation.operations.repair.accuracy import LOCK_TYPE
from nba_consolidation.pipeline.grading.box_scores import (
    BoxScoreFile,
    BoxScoreProblem,
    BoxScoresRefused,
    LoadReport,
    box_score_file,
    box_score_problems,
    load,
)
from nba_consolidation.schema import ALL_TABLES, BOX_SCORES
from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.interface import NO_RELATIONS, Relations, TransactionResult, Warehouse
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore
from nba_consolidation_tests.pipeline.consolidation.workbench import NO_WAIT
from nba_consolidation_tests.pipeline.grading.workbench import DATE, GAME, TWIN, Row, box
from nba_consolidation_tests.prepared import WITH_BOX_SCORES, prepare
from nba_consolidation_tests.warehouse.conftest import EACH_ENGINE, ENGINES, bigquery_service
from nba_consolidation_tests.warehouse.rows import statement_factory

__all__ = ["bigquery_service"]
NEXT_DATE = DATE + dt.timedelta(days=1)
OTHER_GAME = "20260115_LAL_DEN"
HALF: Row = {"minutes_played": Decimal("30.5")}  # which every engine writes alike
LAKER: Row = {"team_abbr": "LAL", "opponent_team_abbr": "DEN", "game_id": OTHER_GAME}
SCHEMA = pa.schema([(column.name, arrow_type(column.type)) for column in BOX_SCORES.columns])
Make = Callable[..., Any]


def with_tables(warehouse: Warehouse) -> Warehouse:
    warehouse.create_tables([*ALL_TABLES, BOX_SCORES])
    return warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """The engine into which files are loaded."""
    prepare(tmp_path / "warehouse.duckdb", WITH_BOX_SCORES)
    return with_tables(DuckDBWarehouse(tmp_path / "warehouse.duckdb", ParquetStaging(tmp_path / "staging")))


@pytest.fixture(params=EACH_ENGINE)
def each_warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """Every engine: production asks for problems too, and the statements are the same."""
    return with_tables(ENGINES[request.param](request)[0])


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    return statement_factory(monkeypatch)


def loaded(warehouse: Warehouse, *rows: Mapping[str, Any]) -> LoadReport:
    return loaded_files(warehouse, box_score_file("file", rows))


def loaded_files(warehouse: Warehouse, *files: BoxScoreFile) -> LoadReport:
    return load(FencedWriter(warehouse, MemoryLeaseStore(), wait=NO_WAIT), files, Holder.here("run"))


def current_rows(warehouse: Warehouse, make: Make) -> list[Row]:
    text = "SELECT * FROM player_game_summary ORDER BY game_date, game_id, player_lookup, points"
    return warehouse.query(make("stand", text))


def written_by_others(warehouse: Warehouse, make: Make, *rows: Mapping[str, Any]) -> None:
    """Rows that stand in the table past every check, as in production."""
    sql = "INSERT INTO player_game_summary (`macro.EACH_COLUMN`) SELECT macro.EACH_COLUMN() FROM theirs"
    insert = make("others", sql, columns=SCHEMA.names)
    warehouse.run([insert], relations={"theirs": pa.Table.from_pylist([dict(row) for row in rows], SCHEMA)})


def named(problems: tuple[BoxScoreProblem, ...]) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(one.problem, one.game_id, one.player_lookup, one.detail) for one in problems]


def figures(report: LoadReport) -> dict[str, int]:
    names = ("new", "changed", "unchanged", "repeated", "replaced")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


# What is loaded.


def test_a_row_arrives_as_it_is_with_every_column(warehouse: Warehouse, make: Make) -> None:
    tip_off = dt.datetime(2026, 1, 16, 0, 30, tzinfo=dt.UTC)
    report = loaded(warehouse, box(25, tip_off_at=tip_off))
    assert (report.dates, figures(report), report.problems) == ((DATE,), {"new": 1}, ())
    assert current_rows(warehouse, make) == [box(25, tip_off_at=tip_off)]


def test_the_same_file_again_changes_nothing(warehouse: Warehouse, make: Make) -> None:
    rows = [box(25), box(0, "nojersey", team_abbr=None), box(7, game_date=NEXT_DATE, game_id="20260116_BOS_MIA")]
    loaded(warehouse, *rows)
    before = current_rows(warehouse, make)
    assert figures(loaded(warehouse, *rows)) == {"unchanged": 3}
    assert current_rows(warehouse, make) == before


def test_a_corrected_box_score_replaces_its_own_and_no_other(each_warehouse: Warehouse, make: Make) -> None:
    warehouse = each_warehouse
    others = [box(9, "other"), box(2, "bystander"), box(30, **LAKER), box(8, game_date=NEXT_DATE)]
    loaded(warehouse, box(25), *others)
    report = loaded(warehouse, box(27), box(9, "other"), box(4, "rookie"))
    assert figures(report) == {"new": 1, "changed": 1, "unchanged": 1, "replaced": 1}
    loaded_row = {
        (row["game_date"], row["game_id"], row["player_lookup"]): row["points"] for row in current_rows(warehouse, make)
    }
    assert loaded_row == {
        (DATE, GAME, "jaimejaquezjr"): 27, (DATE, GAME, "other"): 9, (DATE, GAME, "rookie"): 4,
        (DATE, GAME, "bystander"): 2,
        (DATE, OTHER_GAME, "jaimejaquezjr"): 30, (NEXT_DATE, GAME, "jaimejaquezjr"): 8,
    }  # fmt: skip


@pytest.mark.parametrize("column", ["points", "minutes_played", "team_abbr", "tip_off_at"])
def test_a_value_that_becomes_null_and_back_is_a_change(warehouse: Warehouse, make: Make, column: str) -> None:
    full = box(25, tip_off_at=dt.datetime(2026, 1, 16, tzinfo=dt.UTC))
    for row in (full, full | {column: None}, full):
        report = loaded(warehouse, row)
        assert current_rows(warehouse, make) == [row]
    assert figures(report) == {"changed": 1, "replaced": 1}


def test_of_two_that_differed_the_corrected_one_is_left(warehouse: Warehouse, make: Make) -> None:
    loaded(warehouse, box(25), box(26))
    assert figures(loaded(warehouse, box(26))) == {"unchanged": 1, "replaced": 1}
    assert [row["points"] for row in current_rows(warehouse, make)] == [26]


def test_a_second_one_that_differs_joins_the_one_that_stands(warehouse: Warehouse, make: Make) -> None:
    loaded(warehouse, box(25))
    assert figures(loaded(warehouse, box(25), box(26))) == {"changed": 1, "unchanged": 1}
    assert [row["points"] for row in current_rows(warehouse, make)] == [25, 26]


def test_several_files_are_one_delivery_whatever_columns_they_have(warehouse: Warehouse, make: Make) -> None:
    few = box_score_file(
        "few", [{"player_lookup": "other", "game_id": GAME, "game_date": DATE, "points": 3, "shoe": "x"}]
    )
    report = loaded_files(warehouse, box_score_file("all", [box(25)]), few)
    assert (few.ignored, few.absent) == (
        ("shoe",), ("team_abbr", "opponent_team_abbr", "minutes_played", "tip_off_at"),
    )  # fmt: skip
    assert (figures(report), [row["minutes_played"] for row in current_rows(warehouse, make)]) == (
        {"new": 2}, [Decimal("30.0"), None],
    )  # fmt: skip


# Under leases, with the fence.


def test_box_scores_wait_for_the_grading_of_their_dates(warehouse: Warehouse, make: Make) -> None:
    writer = FencedWriter(warehouse, MemoryLeaseStore(), wait=NO_WAIT)
    with writer.holding(LOCK_TYPE, [DATE], Holder("anna", "grading", "host", 1)), pytest.raises(LeaseHeld):
        load(writer, [box_score_file("file", [box(25)])], Holder.here("run"))
    assert current_rows(warehouse, make) == []


def test_a_load_whose_lease_was_taken_over_writes_nothing(
    warehouse: Warehouse, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = FencedWriter(warehouse, MemoryLeaseStore(), wait=NO_WAIT)
    run = warehouse.run

    def run_after_sleeping(*arguments: Any, relations: Relations = NO_RELATIONS, **options: Any) -> TransactionResult:
        """Right before the rows are sent, an operator releases the lease by force and another run writes the date."""
        if relations:
            key = lease_key(LOCK_TYPE, DATE)
            (record,) = writer.leases.inspect([key])
            writer.leases.force_release(key, record.holder.holder_id, by="an operator", reason="it seemed dead")
            with writer.holding(LOCK_TYPE, [DATE], Holder("anna", "run of anna", "host", 1)) as leased:
                leased.write([DATE])
        return run(*arguments, relations=relations, **options)

    monkeypatch.setattr(warehouse, "run", run_after_sleeping)
    with pytest.raises(FencedOut) as caught:
        load(writer, [box_score_file("file", [box(25)])], Holder.here("run"))
    assert (caught.value.holder_id, current_rows(warehouse, make)) == ("anna", [])


def test_more_dates_than_one_transaction_takes_are_all_loaded(
    warehouse: Warehouse, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fenced_writer, "DATES_AT_ONCE", 2)
    dates = [DATE + dt.timedelta(days) for days in range(5)]
    rows = [box(points, game_date=date) for points, date in enumerate(dates)]
    loaded(warehouse, rows[0] | {"points": 30}, rows[3])
    report = loaded(warehouse, *rows, rows[4], box(-1, "third"))
    assert (report.dates, figures(report)) == (
        tuple(dates), {"new": 4, "changed": 1, "unchanged": 1, "repeated": 1, "replaced": 1},
    )  # fmt: skip
    assert [problem.player_lookup for problem in report.problems] == ["third"]
    assert [row["points"] for row in current_rows(warehouse, make) if row["points"] >= 0] == [0, 1, 2, 3, 4]


def test_text_and_floats_of_files_become_the_declared_types() -> None:
    row = {"player_lookup": "x", "game_id": "0022500001", "game_date": "2026-01-15", "points": "25",
           "minutes_played": 31.7, "tip_off_at": "2026-01-16T00:30:00Z"}  # fmt: skip
    (loaded_row,) = box_score_file("f", [row]).rows.to_pylist()
    assert loaded_row == row | {
        "game_date": DATE, "points": 25, "minutes_played": Decimal("31.7"),
        "tip_off_at": dt.datetime(2026, 1, 16, 0, 30, tzinfo=dt.UTC),
    }  # fmt: skip


# What is refused.


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("points", 25.5),
        ("points", "many"),
        ("points", True),
        ("points", 2**63),
        ("minutes_played", "31:42"),
        ("minutes_played", float("inf")),
        ("minutes_played", 12345),
        ("game_date", "15.01.2026"),
        ("game_date", dt.datetime(2026, 1, 15, 19)),
        ("game_id", 22500001),
        ("player_lookup", 7),
        ("tip_off_at", "evening"),
        ("game_id", None),
        ("game_date", None),
        ("player_lookup", None),
        ("player_lookup", "  "),
        ("game_id", ""),
    ],
)
def test_a_value_of_another_type_or_no_key_is_told_with_file_row_and_column(column: str, value: object) -> None:
    with pytest.raises(
        BoxScoresRefused, match=rf"file scores\.csv: column {column}, row 1: .*nothing was loaded"
    ) as caught:
        box_score_file("scores.csv", [box(), box() | {column: value}])
    assert (caught.value.column, caught.value.row, caught.value.value) == (column, 1, value)


@pytest.mark.parametrize("column", ["player_lookup", "game_id", "game_date", "points"])
def test_a_file_without_a_column_that_must_be_there_is_refused_and_nothing_is_guessed(column: str) -> None:
    row = box()
    row[column.upper()] = row.pop(column)
    with pytest.raises(
        BoxScoresRefused, match=rf"column '{column}' is missing \(there is '{column.upper()}'\) \(the file has "
    ):
        box_score_file("f", [row])


def test_a_column_that_is_given_twice_is_refused() -> None:
    table = pa.Table.from_pylist([box()], SCHEMA)
    with pytest.raises(BoxScoresRefused, match="column 'points' is there twice"):
        box_score_file("f", table.append_column("points", table["points"]))


def test_minutes_of_another_name_are_not_taken_for_minutes_played() -> None:
    row = box()
    row["minutes"] = row.pop("minutes_played")
    loaded_row = box_score_file("f", [row])
    assert (loaded_row.ignored, loaded_row.absent) == (("minutes",), ("minutes_played",))


# What is named.


@pytest.mark.parametrize(
    ("changes", "problem", "detail"),
    [
        ({"points": None}, "points_missing", None),
        ({"points": -3}, "points_below_zero", "-3"),
        ({"minutes_played": None}, "minutes_missing", None),
        ({"minutes_played": Decimal("-0.5")}, "minutes_out_of_range", "-0.5"),
        ({"minutes_played": Decimal("70.5")}, "minutes_out_of_range", "70.5"),
        ({"player_lookup": "lukadončić"}, "player_lookup_unusual", "matches lukadoncic"),
        ({"player_lookup": "P.J. Washington"}, "player_lookup_unusual", "matches pjwashington"),
    ],
)
def test_a_suspicious_row_is_loaded_and_named(
    warehouse: Warehouse, make: Make, changes: Row, problem: str, detail: str | None
) -> None:
    row = box(**changes)
    report = loaded(warehouse, row, box(5, "sound"))
    assert named(report.problems) == [(problem, GAME, row["player_lookup"], detail)]
    assert row in current_rows(warehouse, make)


@pytest.mark.parametrize("minutes", ["0.0", "70.0"])
def test_minutes_at_the_limits_are_no_problem(warehouse: Warehouse, minutes: str) -> None:
    assert loaded(warehouse, box(0, minutes_played=Decimal(minutes))).problems == ()


def test_a_row_that_is_twice_in_the_files_counts_once(warehouse: Warehouse, make: Make) -> None:
    report = loaded_files(warehouse, box_score_file("a", [box(), box()]), box_score_file("b", [box()]))
    assert (figures(report), report.problems) == ({"new": 1, "repeated": 2}, ())
    assert current_rows(warehouse, make) == [box()]


def test_two_that_differ_are_both_loaded_and_named(warehouse: Warehouse, make: Make) -> None:
    scores = [box(25, **HALF), box(26, **HALF)]
    report = loaded(warehouse, *scores, box(5, "sound"))
    expected_problem = (
        "box_scores_differ",
        GAME,
        "jaimejaquezjr",
        "25 points in 30.5 minutes or 26 points in 30.5 minutes",
    )
    assert named(report.problems) == [expected_problem]
    assert [row for row in current_rows(warehouse, make) if row["player_lookup"] != "sound"] == scores


def test_minutes_alone_can_differ(warehouse: Warehouse) -> None:
    report = loaded(warehouse, box(25), box(25, minutes_played=Decimal("31.5")))
    assert [one.problem for one in report.problems] == ["box_scores_differ"]


def test_two_spellings_of_one_player_are_one_player_twice(warehouse: Warehouse) -> None:
    problems = {one.problem for one in loaded(warehouse, box(25, "jokić"), box(25, "jokic")).problems}
    assert problems == {"box_score_twice", "player_lookup_unusual"}


def test_a_player_in_two_games_on_one_date_is_named(warehouse: Warehouse) -> None:
    report = loaded(warehouse, box(25), box(5, "sound"), box(11, **LAKER), box(7, "elsewhere", **LAKER))
    assert named(report.problems) == [("player_in_two_games", GAME, "jaimejaquezjr", f"also {OTHER_GAME}")]


def test_a_player_in_games_on_two_dates_is_no_problem(warehouse: Warehouse) -> None:
    assert loaded(warehouse, box(25), box(11, game_date=NEXT_DATE, game_id="20260116_LAL_DEN")).problems == ()


@pytest.mark.parametrize("twin", [TWIN, "0022500584"])
def test_a_game_under_two_ids_is_named_and_its_players_are_not_in_two_games(warehouse: Warehouse, twin: str) -> None:
    report = loaded(warehouse, box(25), box(25, game_id=twin))
    assert named(report.problems) == [("game_under_two_ids", min(GAME, twin), None, f"also {max(GAME, twin)}")]


def test_a_problem_of_what_stood_before_is_named_with_a_new_file_of_its_date(warehouse: Warehouse) -> None:
    loaded(warehouse, box(25), box(-1, "next", game_date=NEXT_DATE))
    assert [one.problem for one in loaded(warehouse, box(5, "late", game_id=TWIN)).problems] == ["game_under_two_ids"]


def test_a_table_of_somebody_elses_is_looked_at_with_the_same_eyes(each_warehouse: Warehouse, make: Make) -> None:
    written_by_others(
        each_warehouse, make,
        box(25, **HALF), box(25, **HALF), box(None, "nopoints"), box(-2, "belowzero"),
        box(1, "nominutes", minutes_played=None),
        box(1, "toolong", minutes_played=Decimal("70.5")), box(5) | {"player_lookup": None}, box(6, " "),
        box(7, "nogame", game_id=None), box(8, "jokić"), box(9, "moved"), box(9, "moved", **LAKER),
        box(10, "two", **HALF), box(11, "two", **HALF), box(12, "twin", game_id=TWIN),
        box(-1, "tomorrow", game_date=NEXT_DATE),
    )  # fmt: skip
    problems = box_score_problems(each_warehouse, [DATE])
    assert sorted((one.problem, str(one.player_lookup), str(one.detail)) for one in problems) == [
        ("box_score_twice", "jaimejaquezjr", "25 points in 30.5 minutes or 25 points in 30.5 minutes"),
        ("box_scores_differ", "two", "10 points in 30.5 minutes or 11 points in 30.5 minutes"),
        ("game_under_two_ids", "None", f"also {TWIN}"),
        ("key_missing", " ", "None"),
        ("key_missing", "None", "None"),
        ("key_missing", "nogame", "None"),
        ("minutes_missing", "nominutes", "None"),
        ("minutes_out_of_range", "toolong", "70.5"),
        ("player_in_two_games", "moved", f"also {OTHER_GAME}"),
        ("player_lookup_unusual", "jokić", "matches jokic"),
        ("points_below_zero", "belowzero", "-2"),
        ("points_missing", "nopoints", "None"),
    ]
    assert {one.game_date for one in problems} == {DATE}


def test_dates_without_box_scores_have_no_problems(warehouse: Warehouse) -> None:
    assert box_score_problems(warehouse, [DATE, NEXT_DATE]) == ()
