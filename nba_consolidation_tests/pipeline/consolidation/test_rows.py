"""What becomes of staged rows: keys, versions, activation, invalidation, columns beyond the core."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from nba_consolidation.fencing.audits import (
    ACTIVE_TWINS,
    DUPLICATE_BUSINESS_KEYS,
    DUPLICATE_VALIDATED,
    PLAYERS_IN_TWO_GAMES,
)
from nba_consolidation.schema import PREDICTIONS, Column
from nba_consolidation_tests.pipeline.consolidation.workbench import (
    DATE,
    NEXT_DATE,
    Row,
    Workbench,
    at,
    outcome,
    points,
    prediction,
)


def active_lines(bench: Workbench) -> list[Decimal | None]:
    return [row["current_points_line"] for row in bench.published() if row["is_active"]]


def test_incident_03_many_batches_and_null_lines_leave_one_row_per_key(bench: Workbench) -> None:
    for batch in range(4):
        for worker in range(2):
            rows = [prediction(line, minute=batch) for line in (None, "20.5")]
            bench.stage(*rows, worker=f"w{worker}", batch=f"20260115_12000{batch}")
        if batch % 2:
            bench.consolidate()
    assert [row["current_points_line"] for row in bench.published()] == [Decimal("20.5"), None]
    assert DUPLICATE_BUSINESS_KEYS.findings(bench.warehouse, [DATE]) == []


def test_incident_19_columns_that_an_older_worker_lacks_are_null(bench: Workbench) -> None:
    bench.stage(prediction(), without=("sportsbook", "team_abbr", "is_actionable"))
    bench.consolidate()
    row = bench.only_published()
    assert (row["sportsbook"], row["team_abbr"], row["is_actionable"]) == (None, None, None)
    assert row["model_version"] == "v9"


def test_columns_are_taken_by_name_in_whatever_order_they_are_staged(bench: Workbench) -> None:
    backwards = [name for name in reversed(prediction()) if name != "game_date"]
    data = pa.Table.from_pylist([prediction(team_abbr="MIA", sportsbook="UNDERDOG")])
    bench.stage(prediction(minute=1, team_abbr="MIA", sportsbook="UNDERDOG"))
    bench.stage_as("_staging_20260115_120000_w1", data.select(["game_date", *backwards]))
    bench.consolidate()
    row = bench.only_published()
    assert (row["team_abbr"], row["sportsbook"]) == ("MIA", "UNDERDOG")


def test_incident_20_the_id_and_the_creation_of_the_first_version_stay(bench: Workbench) -> None:
    for minute in (5, 9, 7):
        bench.stage(prediction(minute=minute, model_version=f"v{minute}"))
        bench.consolidate()
    row = bench.only_published()
    assert (row["prediction_id"], row["created_at"]) == ("made-5", at(5))
    assert (row["version_prediction_id"], row["version_created_at"], row["model_version"]) == ("made-9", at(9), "v9")
    assert row["prediction_version"] == 2


def test_each_replaced_version_is_recorded_with_its_own_id_and_creation_time(bench: Workbench) -> None:
    for minute in range(3):
        bench.stage(prediction(minute=minute))
        bench.consolidate()
    lost = bench.execute("SELECT prediction_id, created_at, outcome FROM lost_versions ORDER BY created_at")
    assert [tuple(row.values()) for row in lost] == [("made-0", at(0), "replaced"), ("made-1", at(1), "replaced")]


@pytest.mark.parametrize("arrival", [["a", "b"], ["b", "a"], None], ids=["a first", "b first", "together"])
def test_of_versions_of_one_moment_the_larger_id_is_current(bench: Workbench, arrival: list[str] | None) -> None:
    for batch in [["a", "b"]] if arrival is None else [[made] for made in arrival]:
        bench.stage(*(prediction(prediction_id=made, model_version={"a": "v9", "b": "v1"}[made]) for made in batch))
        bench.consolidate()
    row = bench.only_published()
    assert (row["version_prediction_id"], row["model_version"]) == ("b", "v1")


def test_an_id_of_the_same_moment_is_compared_with_that_of_the_current_version_not_of_the_first(
    bench: Workbench,
) -> None:
    for made, version in (("a", "v1"), ("c", "v1"), ("b", "v9")):
        bench.stage(prediction(prediction_id=made, model_version=version))
        [counts] = bench.consolidate().dates
    assert outcome(counts) == (1, 0, 0, 1, 0, 0)
    assert bench.only_published()["version_prediction_id"] == "c"


@pytest.mark.parametrize("arrival", [["v1", "v2"], ["v2", "v1"], None], ids=["v1 first", "v2 first", "together"])
def test_of_tied_versions_always_the_same_is_current(bench: Workbench, arrival: list[str] | None) -> None:
    for batch in [["v1", "v2"]] if arrival is None else [[version] for version in arrival]:
        bench.stage(*(prediction(model_version=version) for version in batch))
        bench.consolidate()
    assert bench.only_published()["model_version"] == "v2"


def test_the_version_of_an_adopted_row_that_has_none_counts_as_the_first(bench: Workbench) -> None:
    bench.stage(prediction())
    bench.consolidate()
    bench.execute(
        "UPDATE player_prop_predictions "
        "SET prediction_version = NULL, version_created_at = NULL, version_prediction_id = NULL"
    )
    bench.stage(prediction(minute=5))
    [counts] = bench.consolidate().dates
    assert outcome(counts) == (1, 0, 1, 0, 0, 0)
    assert bench.only_published()["prediction_version"] == 2


def test_lineage_says_which_table_batch_run_and_token_the_values_came_from(bench: Workbench) -> None:
    name = bench.stage(prediction(), batch="regen_20260115_120000", worker="us_east_2")
    [counts] = bench.consolidate(run_id="run-7").dates
    row = bench.only_published()
    assert (row["staging_table"], row["batch_id"]) == (name, "regen_20260115_120000")
    assert (row["run_id"], row["lease_token"]) == ("run-7", counts.token)


def test_the_conservation_law_names_the_fate_of_every_row(bench: Workbench) -> None:
    bench.stage(prediction("20.5", 5), prediction("21.0", 5))
    bench.consolidate()
    bench.stage(prediction("20.5", 6), prediction("20.5", 7), prediction("21.0", 4), prediction("24.0", 4))
    bench.stage(prediction(recommendation="MAYBE"), worker="w1")
    [counts] = bench.consolidate().dates
    assert outcome(counts) == (5, 1, 1, 1, 1, 1)
    assert (counts.staging_tables, counts.total_rows, counts.active_rows) == (2, 3, 1)


def test_incident_22_a_line_staged_as_a_float_is_the_same_key(bench: Workbench) -> None:
    bench.stage(prediction("20.5", 0))
    bench.stage(prediction(None, 1, current_points_line=20.5), worker="w1", types={"current_points_line": pa.float64()})
    bench.consolidate()
    row = bench.only_published()
    assert (row["current_points_line"], row["version_created_at"]) == (Decimal("20.5"), at(1))


def test_measurements_staged_as_floats_or_integers_are_rounded_to_their_column(bench: Workbench) -> None:
    row = prediction(predicted_points=21.26, confidence_score=63)
    bench.stage(row, types={"predicted_points": pa.float64(), "confidence_score": pa.int64()})
    bench.consolidate()
    published = bench.only_published()
    assert (published["predicted_points"], published["confidence_score"]) == (Decimal("21.3"), Decimal(63))


def test_incident_25_a_regeneration_whose_rows_are_all_bad_leaves_the_old_ones_active(bench: Workbench) -> None:
    bench.stage(prediction("20.5"), prediction("20.5", player_lookup="lukadoncic"))
    bench.consolidate()
    bad = [prediction("23.5", 5, predicted_points=Decimal("99.0")), prediction("23.5", 5, recommendation="")]
    bench.stage(*bad, batch="regen_20260115_130000")
    [counts] = bench.consolidate().dates
    assert (counts.quarantined, counts.active_rows) == (2, 2)
    assert active_lines(bench) == [Decimal("20.5"), Decimal("20.5")]


def test_incident_25_a_bad_row_does_not_supersede_the_sound_one_that_it_is_staged_with(bench: Workbench) -> None:
    sound, bad = prediction(minute=1), prediction(minute=2, predicted_points=Decimal("99.0"))
    bench.stage(prediction(), sound, bad)
    assert outcome(*bench.consolidate().dates) == (3, 1, 0, 0, 1, 1)
    [current] = bench.published()
    assert (current["prediction_id"], current["is_active"]) == (sound["prediction_id"], True)


def test_incident_26_a_regeneration_is_consolidated_like_any_batch_and_replaces_it(bench: Workbench) -> None:
    bench.stage(prediction("20.5"))
    bench.consolidate()
    bench.stage(prediction("23.5", 5), batch="regen_20260115_130000")
    bench.consolidate()
    old, new = bench.published()
    assert (old["is_active"], old["superseded_by"]) == (False, new["prediction_id"])
    assert (new["is_active"], new["superseded_by"]) == (True, None)


def test_incident_28_a_traded_players_two_teams_are_one_key(bench: Workbench) -> None:
    bench.stage(prediction(team_abbr="MIA"), prediction(minute=1, team_abbr="BOS"))
    bench.consolidate()
    assert bench.only_published()["team_abbr"] == "BOS"


def test_incident_29_systems_do_not_deactivate_each_other(bench: Workbench) -> None:
    systems = ["catboost_v9", "ensemble_v1", "moving_average"]
    bench.stage(*(prediction("20.5", minute, system_id=system) for minute, system in enumerate(systems)))
    bench.consolidate()
    assert [(row["system_id"], row["is_active"], row["superseded_by"]) for row in bench.published()] == [
        (system, True, None) for system in systems
    ]


def test_activation_tells_games_players_and_dates_apart(bench: Workbench) -> None:
    others: list[Row] = [{"game_id": "20260115_NYK_MIA"}, {"player_lookup": "lukadoncic"}, {"game_date": NEXT_DATE}, {}]
    bench.stage(*(prediction("20.5", minute, **other) for minute, other in enumerate(others)))
    bench.consolidate(DATE, NEXT_DATE)
    assert [row["is_active"] for row in bench.published()] == [True] * 4


def test_incident_30_of_several_lines_the_newest_is_active_and_the_others_name_it(bench: Workbench) -> None:
    bench.stage(*(prediction(line, minute) for minute, line in enumerate(["20.5", "24.0", None, "21.0", "19.5"])))
    bench.consolidate()
    assert active_lines(bench) == [Decimal("19.5")]
    assert {row["superseded_by"] for row in bench.published()} == {"made-4", None}


@pytest.mark.parametrize("lines", [(None, "19.5", "20.5", "24.0"), ("24.0", "20.5", "19.5", None)])
def test_of_lines_made_at_the_same_moment_under_one_id_the_highest_is_active(
    bench: Workbench, lines: tuple[str | None, ...]
) -> None:
    bench.stage(*(prediction(line, prediction_id=f"first-{line}") for line in lines))
    bench.consolidate()
    bench.stage(*(prediction(line, minute=5, prediction_id="again") for line in lines))
    bench.consolidate()
    assert active_lines(bench) == [Decimal("24.0")]
    assert {row["superseded_by"] for row in bench.published()} == {"first-24.0", None}


def test_incident_31_stale_flags_are_put_right_by_the_next_consolidation(bench: Workbench) -> None:
    bench.stage(prediction("20.5"), prediction("21.0", 1))
    bench.consolidate()
    bench.execute("UPDATE player_prop_predictions SET is_active = TRUE, superseded_by = 'somebody'")
    bench.stage(prediction("20.5", player_lookup="lukadoncic"))
    bench.consolidate()
    assert ACTIVE_TWINS.findings(bench.warehouse, [DATE]) == []
    assert [(row["is_active"], row["superseded_by"]) for row in bench.published()] == [
        (False, "made-1"),
        (True, None),
        (True, None),
    ]


def test_incident_32_consumers_read_one_row_per_game_player_and_system(bench: Workbench) -> None:
    bench.stage(*(prediction(line, minute) for minute, line in enumerate(["20.5", None, "24.0"])))
    bench.consolidate()
    [validated] = bench.validate()
    assert validated.validated_rows == 1
    assert DUPLICATE_VALIDATED.findings(bench.warehouse, [DATE]) == []


def test_incident_33_one_game_under_two_ids_is_a_finding(bench: Workbench) -> None:
    bench.stage(prediction(game_id="20260115_BOS_MIA"), prediction(game_id="20260115_MIA_BOS"))
    bench.consolidate()
    [finding] = PLAYERS_IN_TWO_GAMES.findings(bench.warehouse, [DATE])
    assert (finding["player_lookup"], finding["games"]) == ("jaimejaquezjr", 2)
    assert not PLAYERS_IN_TWO_GAMES.blocking


@pytest.mark.parametrize("lines", [("23.5", "24.0"), ("20.5", "21.0"), ("0.5", "99.5")])
def test_incident_34_half_point_neighbours_are_two_keys(bench: Workbench, lines: tuple[str, str]) -> None:
    bench.stage(*(prediction(line, minute) for minute, line in enumerate(lines)))
    bench.consolidate()
    assert [row["current_points_line"] for row in bench.published()] == [points(line) for line in lines]


def test_incident_35_the_current_version_is_compared_by_its_own_creation_not_the_first_ones(bench: Workbench) -> None:
    for minute in (0, 20, 10):
        bench.stage(prediction(minute=minute))
        [counts] = bench.consolidate().dates
    assert outcome(counts) == (1, 0, 0, 1, 0, 0)
    assert bench.only_published()["version_created_at"] == at(20)


def test_incident_36_a_system_that_is_invalidated_has_no_active_row_afterwards(bench: Workbench) -> None:
    bench.stage(prediction("20.5"), prediction("24.0", 1), prediction("24.0", 1, system_id="ensemble_v1"))
    bench.consolidate()
    bench.execute(
        "UPDATE player_prop_predictions SET invalidated_at = ?, invalidation_reason = 'switched off' "
        "WHERE system_id = 'catboost_v9'",
        at(60),
    )
    bench.stage(prediction("20.5", 2), prediction("20.5", 3, system_id="ensemble_v1"))
    bench.consolidate()
    assert [row["system_id"] for row in bench.published() if row["is_active"]] == ["ensemble_v1"]


def test_incident_38_sixteen_deliveries_leave_one_copy(bench: Workbench) -> None:
    for delivery in range(16):
        bench.stage(prediction(), batch=f"20260115_1200{delivery:02}")
        if delivery % 5 == 0:
            bench.consolidate()
            bench.validate()
    bench.consolidate()
    bench.validate()
    assert bench.only_published()["prediction_version"] == 1
    assert len(bench.execute("SELECT * FROM validated_predictions")) == 1


# Invalidation


def invalidate(bench: Workbench, line: str, minute: float) -> None:
    bench.execute(
        "UPDATE player_prop_predictions SET invalidated_at = ?, invalidation_reason = 'injured' "
        "WHERE current_points_line = ?",
        at(minute),
        points(line),
    )


def test_when_the_newest_version_is_invalidated_none_is_active(bench: Workbench) -> None:
    bench.stage(prediction("20.5"), prediction("24.0", 1))
    bench.consolidate()
    invalidate(bench, "24.0", 5)
    bench.stage(prediction("20.5", 0, prediction_id="redelivered"))
    bench.consolidate()
    assert active_lines(bench) == []


@pytest.mark.parametrize("minute", [4, 5], ids=["before", "at the same moment"])
def test_an_invalidation_holds_against_a_version_made_before_it_and_not_after(bench: Workbench, minute: int) -> None:
    bench.stage(prediction("20.5"))
    bench.consolidate()
    invalidate(bench, "20.5", 5)
    bench.stage(prediction("20.5", minute))
    bench.consolidate()
    row = bench.only_published()
    assert (row["version_created_at"], row["is_active"]) == (at(minute), False)
    assert (row["invalidated_at"], row["invalidation_reason"]) == (at(5), "injured")
    bench.stage(prediction("20.5", 6))
    bench.consolidate()
    row = bench.only_published()
    assert (row["is_active"], row["invalidated_at"], row["invalidation_reason"]) == (True, None, None)


def test_a_redelivery_does_not_undo_an_invalidation(bench: Workbench) -> None:
    bench.stage(prediction("20.5"))
    bench.consolidate()
    invalidate(bench, "20.5", 5)
    bench.stage(prediction("20.5"), worker="w0r")
    [counts] = bench.consolidate().dates
    assert outcome(counts) == (1, 0, 0, 1, 0, 0)
    assert bench.only_published()["invalidated_at"] == at(5)


@pytest.mark.parametrize("arrival", [(0, 1), (1, 0), None], ids=["older first", "newer first", "together"])
def test_a_staged_invalidation_holds_whichever_version_arrives_first(
    bench: Workbench, arrival: tuple[int, int] | None
) -> None:
    rows = [
        prediction("20.5", 0, invalidated_at=at(5), invalidation_reason="injured"),
        prediction("20.5", 1),
    ]
    for batch in [rows] if arrival is None else [[rows[index]] for index in arrival]:
        bench.stage(*batch)
        bench.consolidate()
    row = bench.only_published()
    assert (row["version_created_at"], row["invalidated_at"], row["is_active"]) == (at(1), at(5), False)
    assert row["invalidation_reason"] == "injured"


@pytest.mark.parametrize("minute", [5, 3], ids=["at its own moment", "before its own moment"])
def test_a_staged_invalidation_holds_against_its_own_row_and_counts_from_its_creation_at_the_earliest(
    bench: Workbench, minute: int
) -> None:
    bench.stage(prediction("20.5", 5, invalidated_at=at(minute), invalidation_reason="injured"))
    bench.consolidate()
    row = bench.only_published()
    assert (row["invalidated_at"], row["is_active"]) == (at(5), False)


def test_of_two_staged_invalidations_the_one_that_counts_from_the_later_moment_holds(bench: Workbench) -> None:
    bench.stage(
        prediction("20.5", 5, invalidated_at=at(3), invalidation_reason="injured"),  # counts from its creation
        prediction("20.5", 0, invalidated_at=at(4), invalidation_reason="traded"),
    )
    bench.consolidate()
    row = bench.only_published()
    assert (row["invalidated_at"], row["invalidation_reason"], row["is_active"]) == (at(5), "injured", False)


@pytest.mark.parametrize("arrival", [(0, 1), (1, 0), None], ids=["first first", "second first", "together"])
@pytest.mark.parametrize(
    ("first", "second"), [((5, "traded"), (6, "injured")), ((5, "injured"), (5, "traded"))], ids=["moments", "reasons"]
)
def test_of_two_staged_invalidations_the_later_one_holds_and_at_a_tie_the_larger_reason(
    bench: Workbench, first: tuple[int, str], second: tuple[int, str], arrival: tuple[int, int] | None
) -> None:
    rows = [
        prediction("20.5", invalidated_at=at(minute), invalidation_reason=reason) for minute, reason in (first, second)
    ]
    for batch in [rows] if arrival is None else [[rows[index]] for index in arrival]:
        bench.stage(*batch)
        bench.consolidate()
    row = bench.only_published()
    assert (row["invalidated_at"], row["invalidation_reason"]) == (at(second[0]), second[1])


# Columns beyond the core

EXTRA = (
    Column("similarity_baseline", "NUMERIC(5, 1)", ""),
    Column("key_factors", "JSON", ""),
    Column("data_quality_issues", "ARRAY<STRING>", ""),
)
EXTRA_TYPES = {
    "similarity_baseline": pa.decimal128(5, 1),
    "key_factors": pa.string(),
    "data_quality_issues": pa.list_(pa.string()),
}


def with_extra_columns(bench: Workbench) -> None:
    bench.published()
    bench.warehouse.add_columns(PREDICTIONS.name, EXTRA)


def test_columns_beyond_the_core_are_carried_through_by_name(bench: Workbench) -> None:
    with_extra_columns(bench)
    for minute in (0, 1):
        extra: Row = {
            "similarity_baseline": Decimal(f"2{minute}.5"),
            "key_factors": f'{{"pace": {minute}}}',
            "data_quality_issues": ["late", f"issue {minute}"],
        }
        bench.stage(prediction(minute=minute, **extra), types=EXTRA_TYPES)
        bench.consolidate()
        row = bench.only_published()
        assert {name: row[name] for name in extra} == extra


def test_a_worker_that_lacks_the_extra_columns_leaves_them_null(bench: Workbench) -> None:
    with_extra_columns(bench)
    bench.stage(prediction())
    bench.consolidate()
    row = bench.only_published()
    assert (row["similarity_baseline"], row["key_factors"], row["data_quality_issues"]) == (None, None, None)


def test_equally_new_versions_with_extra_columns_are_settled_the_same_way_round(bench: Workbench) -> None:
    with_extra_columns(bench)
    issues = [["late"], ["late", "thin"]]
    current = []
    for date, order in ((DATE, (0, 1)), (NEXT_DATE, (1, 0))):
        for index in order:
            bench.stage(prediction(game_date=date, data_quality_issues=issues[index]), types=EXTRA_TYPES)
            bench.consolidate(date)
        current.append(bench.published()[-1]["data_quality_issues"])
    assert current[0] == current[1]


def test_incident_21_an_unknown_column_stops_that_table_alone_and_says_why(bench: Workbench) -> None:
    bench.stage(prediction("20.5"))
    stranger = bench.stage(prediction("24.0", vegas_mood=0.5), worker="new", types={"vegas_mood": pa.float64()})
    report = bench.consolidate()
    [refused] = report.refused
    assert refused.name == stranger
    assert "vegas_mood" in refused.reason
    assert "FLOAT64" in refused.reason
    assert "not in the live table" in refused.reason
    assert report.total("staged") == 1
    assert bench.staging_tables() == {stranger}


def test_incident_21_an_unknown_column_in_a_table_of_another_date_refuses_none_of_this_date(
    bench: Workbench,
) -> None:
    bench.stage(prediction("20.5"))
    bench.stage(prediction(game_date=NEXT_DATE, vegas_mood=0.5), worker="new", types={"vegas_mood": pa.float64()})
    assert bench.consolidate(DATE).refused == ()
    assert len(bench.consolidate(NEXT_DATE).refused) == 1


def test_a_type_that_cannot_be_cast_without_loss_stops_that_table_alone_and_names_both(bench: Workbench) -> None:
    stranger = bench.stage(prediction(team_abbr=None), worker="new", types={"team_abbr": pa.bool_()})
    report = bench.consolidate()
    [refused] = report.refused
    assert refused.name == stranger
    assert all(word in refused.reason for word in ("team_abbr", "BOOL", "STRING"))
    assert bench.published() == []


def test_an_older_line_that_is_predicted_anew_becomes_the_active_one(bench: Workbench) -> None:
    bench.stage(prediction("20.5"), prediction("21.0", minute=5))
    bench.consolidate()
    bench.stage(prediction("20.5", minute=9), worker="again")
    bench.consolidate()
    again, other = bench.published()
    assert (again["is_active"], again["superseded_by"]) == (True, None)
    assert (other["is_active"], other["superseded_by"]) == (False, again["prediction_id"])


def test_incident_21_with_schema_evolution_the_column_is_added(bench: Workbench) -> None:
    bench.stage(prediction("20.5"))
    bench.stage(prediction("24.0", vegas_mood=0.5), worker="new", types={"vegas_mood": pa.float64()})
    report = bench.consolidate(evolve=True)
    assert report.refused == ()
    assert [row["vegas_mood"] for row in bench.published()] == [None, 0.5]
    assert bench.staging_tables() == set()


def test_a_row_that_only_became_late_is_not_from_the_future(bench: Workbench) -> None:
    now = dt.datetime(2026, 1, 15, 12, 0, tzinfo=dt.UTC)
    bench.stage(prediction("20.5", 5), prediction("24.0", 6))
    [counts] = bench.consolidate(clock=lambda: now).dates
    assert outcome(counts) == (2, 1, 0, 0, 0, 1)
