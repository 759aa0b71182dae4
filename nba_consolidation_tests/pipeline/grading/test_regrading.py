"""Regrading: a changed grade is rewritten and its earlier state is archived; unchanged grades are not written."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from nba_consolidation.fencing.audits import PLAYERS_UNDER_TWO_NAMES
from nba_consolidation.schema import ACCURACY
from nba_consolidation_tests.pipeline.grading.workbench import DATE, GAME, NOW, TWIN, GradingBench, at, bet, box

LATER = NOW + dt.timedelta(days=1)


def test_grading_again_rewrites_nothing(bench: GradingBench) -> None:
    bench.graded(bet(), bet(player="bamadebayo"), scores=(box(),))
    before = bench.accuracy()
    (date,) = bench.grade(clock=lambda: LATER, run_id="again").dates
    assert (date.inserted, date.updated, date.removed, date.unchanged) == (0, 0, 0, 2)
    assert (bench.accuracy(), bench.removed()) == (before, [])


def test_a_corrected_box_score_regrades_its_row_alone_and_the_old_one_is_kept(bench: GradingBench) -> None:
    bench.graded(bet(), bet(player="bamadebayo"), scores=(box(20), box(30, "bamadebayo")))
    bamadebayo, before = bench.accuracy()
    bench.play(box(21), box(30, "bamadebayo"))
    (date,) = bench.grade(clock=lambda: LATER, run_id="correction").dates
    assert (date.inserted, date.updated, date.unchanged) == (0, 1, 1)
    untouched, after = bench.accuracy()
    assert untouched == bamadebayo
    assert (before["outcome"], after["outcome"], after["graded_at"], after["run_id"]) == (
        *("wrong", "correct", LATER, "correction"),
    )
    [kept] = bench.removed()
    assert {name: kept[name] for name in ACCURACY.column_names} == before
    assert (kept["removal"], kept["removal_reason"], kept["removed_by_run_id"]) == ("changed", "regraded", "correction")


def test_a_newer_line_takes_the_place_of_the_graded_one(bench: GradingBench) -> None:
    bench.graded(bet("20.5"), scores=(box(22),))
    bench.predict(bet("22.5", created_at=at(60)), worker="w1")
    (date,) = bench.grade().dates
    assert (date.inserted, date.removed, date.total_rows) == (1, 1, 1)
    assert (bench.only_graded()["line_value"], bench.only_graded()["outcome"]) == (Decimal("22.5"), "wrong")
    [gone] = bench.removed()
    assert (gone["line_value"], gone["removal"], gone["removal_reason"]) == (Decimal("20.5"), "removed", "not_active")


def test_a_newer_line_takes_the_place_of_a_graded_prediction_without_one(bench: GradingBench) -> None:
    bench.graded(bet(None), scores=(box(22),))
    bench.predict(bet("22.5", created_at=at(60)), worker="w1")
    (date,) = bench.grade().dates
    assert (date.inserted, date.removed, bench.only_graded()["line_value"]) == (1, 1, Decimal("22.5"))


@pytest.mark.parametrize("line", ["20.5", None])
def test_a_graded_row_stays_until_the_newer_line_is_validated(bench: GradingBench, line: str | None) -> None:
    bench.graded(bet(line), scores=(box(22),))
    before = bench.accuracy()
    bench.stage(bet("22.5", created_at=at(60)), worker="w1")
    bench.consolidate()
    (date,) = bench.grade().dates
    assert (date.removed, bench.accuracy()) == (0, before)


def test_an_invalidated_prediction_is_graded_no_longer(bench: GradingBench) -> None:
    bench.graded(bet(), scores=(box(),))
    bench.predict(bet(prediction_id="gone", created_at=at(5), invalidated_at=at(6)), worker="w1")
    (date,) = bench.grade().dates
    assert (date.active, date.removed, bench.accuracy()) == (0, 1, [])


def test_a_graded_prediction_that_is_withheld_now_is_graded_no_longer(bench: GradingBench) -> None:
    bench.graded(bet(), bet(player="other"), scores=(box(), box(player="other")))
    bench.predict(bet(prediction_id="new", created_at=at(5), confidence_score=Decimal(62)), worker="w1")
    (date,) = bench.grade().dates
    assert (date.active, date.removed) == (1, 1)
    assert [row["player_lookup"] for row in bench.accuracy()] == ["other"]
    assert [(row["player_lookup"], row["removal_reason"]) for row in bench.removed()] == [("jaimejaquezjr", "withheld")]


def test_incident_41_what_is_graded_stands_though_its_box_scores_are_gone(bench: GradingBench) -> None:
    bench.graded(bet(), scores=(box(),))
    before = bench.accuracy()
    bench.execute("DELETE FROM player_game_summary")
    (date,) = bench.grade().dates
    assert (date.correct, date.waiting, date.removed) == (1, 0, 0)
    assert bench.accuracy() == before


def test_incident_41_rows_of_predictions_that_nobody_knows_here_stay_as_they_are(bench: GradingBench) -> None:
    legacy = {**box(30), "system_id": "old_v1", "line_value": Decimal("20.5"), "actual_points": 30,
              "prediction_correct": True, "confidence_score": Decimal("0.5")}  # fmt: skip
    bench.append(ACCURACY, legacy)
    before = bench.accuracy()
    date = bench.graded(bet(), scores=(box(),))
    assert (date.total_rows, date.inserted) == (2, 1)
    assert [row for row in bench.accuracy() if row["system_id"] == "old_v1"] == before


def test_what_an_older_grader_left_without_points_waits_as_long_as_there_are_no_box_scores(bench: GradingBench) -> None:
    bench.predict(bet())
    bench.append(ACCURACY, {**box(30), "system_id": "catboost_v9", "line_value": Decimal("20.5")})
    bench.play(box(12, game_id="20260115_LAL_GSW", team_abbr="LAL", opponent_team_abbr="GSW"))
    (date,) = bench.grade().dates
    assert (date.waiting, date.graded, date.total_rows) == (1, 0, 1)


def test_a_row_of_an_older_grader_without_an_outcome_is_graded_again(bench: GradingBench) -> None:
    legacy = {**box(30), "system_id": "catboost_v9", "line_value": Decimal("20.5"), "prediction_correct": True}
    bench.append(ACCURACY, legacy)
    date = bench.graded(bet(), scores=(box(10),))
    assert (date.updated, date.wrong, bench.only_graded()["outcome"]) == (1, 1, "wrong")


def test_incident_33_one_game_under_three_kinds_of_id_is_graded(bench: GradingBench) -> None:
    for number, game_id in enumerate((TWIN, "0022500571")):
        bench.predict(bet(player="jaimejaquezjr"))
        bench.play(box(game_id=game_id))
        report = bench.grade()
        assert bench.only_graded()["box_score_game_id"] == game_id
        assert [(f.finding, f.game_id, f.detail) for f in report.findings] == [("game_id_differs", GAME, game_id)]
        assert report.total("inserted") == (number == 0)


def test_incident_33_predictions_under_a_number_find_the_game_by_its_teams(bench: GradingBench) -> None:
    bench.graded(bet(game_id="0022500571", opponent_team_abbr="BOS"), scores=(box(),))
    assert bench.only_graded()["outcome"] == "correct"


def test_incident_33_a_game_predicted_under_two_ids_is_bet_on_once_by_the_newest(bench: GradingBench) -> None:
    date = bench.graded(
        bet(prediction_id="first"), bet(prediction_id="second", game_id=TWIN, created_at=at(9)), scores=(box(),)
    )
    assert (date.correct, date.not_a_bet) == (1, 1)
    assert {row["game_id"]: row["outcome_reason"] for row in bench.accuracy()} == {
        GAME: "game_under_another_id",
        TWIN: None,
    }


@pytest.mark.parametrize("ids", [("a", "b"), ("b", "a")])
def test_incident_33_of_two_ids_predicted_at_the_same_moment_the_larger_prediction_id_is_the_bet(
    bench: GradingBench, ids: tuple[str, str]
) -> None:
    games = dict(zip(ids, (GAME, TWIN), strict=True))
    bench.graded(*(bet(prediction_id=made, game_id=game) for made, game in games.items()), scores=(box(),))
    assert {row["game_id"] for row in bench.accuracy() if row["outcome"] == "correct"} == {games["b"]}


def test_incident_33_the_bet_that_does_not_count_of_a_game_under_two_ids_is_a_finding(bench: GradingBench) -> None:
    bench.predict(bet(prediction_id="first"), bet(prediction_id="second", game_id=TWIN, created_at=at(9)))
    bench.play(box())
    findings = [(f.finding, f.game_id, f.player_lookup) for f in bench.grade().findings]
    assert ("game_under_another_id", GAME, "jaimejaquezjr") in findings


def test_a_player_under_three_names_in_an_adopted_table_is_bet_on_once_by_the_newest_and_the_others_are_named(
    bench: GradingBench,
) -> None:
    bench.predict(
        bet(prediction_id="first"), bet(prediction_id="newest", player="b", created_at=at(9)), bet(player="c")
    )
    respelled = {"b": "Jaime Jáquez Jr.", "c": "jaime jaquez jr"}
    for table in ("player_prop_predictions", "validated_predictions"):
        for player, spelling in respelled.items():
            bench.execute(f"UPDATE {table} SET player_lookup = ? WHERE player_lookup = ?", spelling, player)
    bench.play(box())
    report = bench.grade()
    assert (report.total("correct"), report.total("not_a_bet")) == (1, 2)
    newest = f"counted as {GAME} Jaime Jáquez Jr. catboost_v9"
    findings = {(f.player_lookup, f.detail) for f in report.findings if f.finding == "player_under_another_name"}
    assert findings == {("jaimejaquezjr", newest), ("jaime jaquez jr", newest)}
    [twins] = PLAYERS_UNDER_TWO_NAMES.findings(bench.warehouse, [DATE])
    assert (twins["player_lookup"], twins["predictions"]) == ("jaimejaquezjr", 3)
    assert all(f'"{spelling}"' in twins["spellings"] for spelling in (*respelled.values(), "jaimejaquezjr"))


def test_a_system_with_a_blank_at_its_end_in_an_adopted_table_is_no_second_bet(bench: GradingBench) -> None:
    bench.predict(bet(system_id="sys_a", created_at=at(9)), bet(system_id="b"))
    for table in ("player_prop_predictions", "validated_predictions"):
        bench.execute(f"UPDATE {table} SET system_id = 'sys_a ' WHERE system_id = 'b'")
    bench.play(box())
    (date,) = bench.grade().dates
    assert (date.correct, date.not_a_bet) == (1, 1)
    [twins] = PLAYERS_UNDER_TWO_NAMES.findings(bench.warehouse, [DATE])
    assert (twins["system_id"], twins["predictions"]) == ("sys_a", 2)


def test_a_bet_made_after_tip_off_is_a_finding_with_its_player(bench: GradingBench) -> None:
    bench.predict(bet(created_at=at(60)))
    bench.play(box(tip_off_at=at(30)))
    findings = [(f.finding, f.game_id, f.player_lookup, f.predictions) for f in bench.grade().findings]
    assert findings == [("after_tip_off", GAME, "jaimejaquezjr", 1)]


def test_incident_33_a_box_score_under_the_other_id_of_a_game_is_one_finding_with_that_id(
    bench: GradingBench,
) -> None:
    bench.predict(bet())
    bench.play(box(12, "bamadebayo"), box(game_id=TWIN))
    findings = [(f.finding, f.game_id, f.detail) for f in bench.grade().findings if f.player_lookup]
    assert findings == [("box_score_under_another_id", GAME, TWIN)]


def test_an_accent_in_a_box_score_is_folded_and_told(bench: GradingBench) -> None:
    bench.predict(bet(player="nikolajokic"))
    bench.play(box(player="Nikola Jokić"))
    report = bench.grade()
    assert report.total("correct") == 1
    assert [(f.finding, f.detail) for f in report.findings] == [("name_differs", "Nikola Jokić")]


def test_a_traded_player_is_graded_in_the_game_that_he_played_and_told(bench: GradingBench) -> None:
    bench.predict(bet(team_abbr="MIA"))
    bench.play(box(team_abbr="BOS", opponent_team_abbr="MIA"))
    report = bench.grade()
    assert report.total("correct") == 1
    assert [(f.finding, f.detail) for f in report.findings] == [("team_differs", "MIA, played for BOS")]


def test_a_player_in_two_games_of_a_date_is_graded_by_the_one_that_was_predicted(bench: GradingBench) -> None:
    other = box(40, game_id="20260115_LAL_GSW", team_abbr="LAL", opponent_team_abbr="GSW")
    bench.predict(bet())
    bench.play(box(10), other)
    report = bench.grade()
    assert bench.only_graded()["actual_points"] == 10
    assert "played_another_game" not in {finding.finding for finding in report.findings}


def test_who_played_in_another_game_instead_did_not_play_and_is_told(bench: GradingBench) -> None:
    other = box(40, game_id="20260115_LAL_GSW", team_abbr="LAL", opponent_team_abbr="GSW")
    bench.predict(bet())
    bench.play(box(12, "bamadebayo"), other)
    report = bench.grade()
    assert report.total("voided") == 1
    assert ("played_another_game", "20260115_LAL_GSW") in {(f.finding, f.detail) for f in report.findings}
