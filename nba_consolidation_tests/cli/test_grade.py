"""`grade` at a terminal: what it prints, its JSON, and how it ends."""

from __future__ import annotations

import pytest

from nba_consolidation.schema import BOX_SCORES
from nba_consolidation_tests.cli.conftest import DATE, Terminal
from nba_consolidation_tests.pipeline.grading.workbench import GAME, TWIN, GradingBench, bet, box


@pytest.fixture
def played(terminal: Terminal) -> Terminal:
    """A bet that was won under the game's other id, a player who did not play, and a game that nobody played yet."""
    bench = GradingBench(terminal.home)
    bench.stage(bet(), bet(player="bamadebayo"), bet(player="stephencurry", game_id="20260115_LAL_GSW"))
    terminal.run("consolidate")
    bench.append(BOX_SCORES, box(game_id=TWIN))
    return terminal


def test_what_became_of_the_predictions_is_told_with_the_findings_by_name(played: Terminal) -> None:
    output = played.run("grade").stdout
    assert (
        "Conserved: 3 active = 1 correct + 0 wrong + 0 push + 0 passed + 0 not a bet + 1 voided + 1 waiting" in output
    )
    assert "2 rows written, 0 as they were" in output
    assert "game without box scores" in output
    assert TWIN in output


def test_its_json_has_every_date_total_and_finding(played: Terminal) -> None:
    graded = played.json("grade", "--date", DATE)
    assert graded["conserved"]
    assert {name: graded["totals"][name] for name in ("active", "correct", "voided", "waiting")} == {
        "active": 3,
        "correct": 1,
        "voided": 1,
        "waiting": 1,
    }
    assert {(f["finding"], f["game_id"]) for f in graded["findings"]} == {
        ("game_id_differs", GAME),
        ("game_without_box_scores", "20260115_LAL_GSW"),
    }
    assert [date["game_date"] for date in graded["dates"]] == [DATE]


def test_suspicious_box_scores_are_named_beside_what_became_of_the_predictions(played: Terminal) -> None:
    GradingBench(played.home).append(BOX_SCORES, box(player="twice"), box(player="twice"), box(player="Łuka"))
    graded = played.json("grade")
    assert {(p["problem"], p["player_lookup"]) for p in graded["box_score_problems"]} == {
        ("box_score_twice", "twice"),
        ("game_under_two_ids", None),
        ("player_lookup_unusual", "Łuka"),
    }
    assert "box score twice" in played.run("grade").stdout


def test_a_grading_is_followed_by_the_analysis_of_what_it_graded(played: Terminal) -> None:
    assert played.json("grade")["analysed"]["dates"] == 1
    systems = played.json("performance", "--window", "day")["performance"]
    assert [(row["bets"], row["correct"]) for row in systems if row["system_id"] == "ALL"] == [(1, 1)]
    again = played.json("grade")["analysed"]
    assert again == {"dates": 1, "rows_written": 0}


def test_grading_again_says_that_nothing_was_written(played: Terminal) -> None:
    played.run("grade")
    assert "0 rows written, 2 as they were" in played.run("grade").stdout


def test_a_poisoned_date_ends_with_three_and_is_named(played: Terminal) -> None:
    GradingBench(played.home).execute("UPDATE player_game_summary SET points = 12345678")
    result = played.run("grade", exit_code=3)
    assert "Could not grade 1 date" in result.stdout
    assert DATE in result.stdout


def test_where_nothing_stands_it_says_so(terminal: Terminal) -> None:
    terminal.home.mkdir()
    assert "No rows for" in terminal.run("grade").stdout


def test_a_player_with_a_similar_name_in_the_box_scores_waits_with_exit_3_until_an_alias_settles_it(
    terminal: Terminal,
) -> None:
    bench = GradingBench(terminal.home)
    bench.stage(bet(player="samexample"), bet(player="other"))
    terminal.run("consolidate")
    bench.append(BOX_SCORES, box(28, "samexampleiii"), box(15, "other"))
    output = terminal.run("grade", exit_code=3).stdout
    assert "1 player without a box score, while one of the game has a similar name." in output
    [pair] = terminal.json("grade", exit_code=3)["unsettled_names"]
    assert (pair["player_lookup"], pair["detail"]) == ("samexample", "samexampleiii")
    assert "samexampleiii" in terminal.run("status").stdout
    assert "samexample or samexampleiii" in terminal.run("report").stdout
    recorded = terminal.run(
        "players", "alias", "samexample", "samexampleiii", "--reason", "a suffix", "--author", "anna"
    )
    assert f"Next: nba-consolidation grade --date {DATE}" in recorded.stdout
    assert terminal.json("grade")["totals"]["correct"] == 1
    [alias] = terminal.json("players", "aliases")["aliases"]
    assert (alias["author"], alias["reason"], alias["is_current"]) == ("anna", "a suffix", True)
    terminal.run("players", "unalias", "samexample", "--reason", "a mistake")
    assert terminal.json("grade", exit_code=3)["totals"]["waiting"] == 1
    assert "a mistake" in terminal.run("players", "aliases").stdout
    assert "has no alias" in terminal.run("players", "unalias", "nobody", "--reason", "x", exit_code=1).stderr
