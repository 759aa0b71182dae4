"""Predicted players without a box score, and box scores with a similar name: who waits, and how a person settles it."""

from __future__ import annotations

import datetime as dt

import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.grading.aliases import Aliases, AliasRefused, aliases, unsettled_names
from nba_consolidation.pipeline.grading.similar_names import UnmatchedName, similarity
from nba_consolidation.schema.canonical_keys import player_key
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE
from nba_consolidation_tests.pipeline.grading.workbench import GAME, NOW, TWIN, GradingBench, bet, box


def name(text: str, team: str | None = "MIA") -> UnmatchedName:
    return UnmatchedName(DATE, GAME, text, player_key(text), team, is_predicted=False)


SIMILAR = [
    ("samexample", "samexampleiii"), ("samexamplejr", "samexample"), ("samexample", "Sam Example, Jr."),
    ("nicolasclaxton", "Nic Claxton"), ("herbertjones", "Herb Jones"), ("nahshonhyland", "Bones Hyland"),
    ("nicolasclaxton", "N. Claxton"), ("cjmccollum", "Christian McCollum"), ("bolbol", "B. Bol"),
    ("lukadoncic", "Luka DonÄ\x8diÄ\x87"), ("lukadoncic", "Luka Don?i?"), ("lukadoncic", "Luka Don&#269;i&#263;"),
    ("lukadoncic", "Luka Don%C4%8Di%C4%87"), ("lukadoncic", "Doncic, Luka"), ("lukadoncic", "DoncicLuka"),
    ("nikolajokic", "Никола Йокич"), ("nikolajokic", "Nikola Jokich"), ("kristapsporzingis", "Kristaps Porzinghis"),
    ("lukadonai", "Luka Dončić"),
    ("giannisantetokounmpo", "Giannis Antetok"), ("wembanyama", "Victor Wembanyama"), ("jaimejaquezjr", "jaimejaques"),
]  # fmt: skip
DIFFERENT = [
    ("lebronjames", "anthonydavis"), ("jalenbrunson", "jalenduren"), ("tylerherro", "bamadebayo"),
    ("jaysontatum", "jaylenbrown"), ("nikolajokic", "nikolavucevic"), ("ivicazubac", "jamesharden"),
    ("jalenbrunson", "jalenbridges"), ("anthonydavis", "anthonyblack"), ("marcusmorris", "marcussmart"),
    ("dariusgarland", "ivanmobley"), ("jimmybutler", "duncanrobinson"),
]  # fmt: skip


@pytest.mark.parametrize(("predicted", "box_score"), SIMILAR)
def test_a_name_in_another_form_is_similar(predicted: str, box_score: str) -> None:
    assert similarity(name(predicted), name(box_score)) > 0


@pytest.mark.parametrize(("predicted", "box_score"), DIFFERENT)
def test_the_name_of_another_player_is_not_similar(predicted: str, box_score: str) -> None:
    assert similarity(name(predicted), name(box_score)) == 0


@pytest.mark.parametrize(("team", "similar"), [("MIA", True), ("BOS", False), (None, False)])
def test_a_surname_alone_makes_names_similar_within_a_team_only(team: str | None, similar: bool) -> None:
    assert (similarity(name("nahshonhyland"), name("boneshyland", team)) > 0) == similar


def alias(
    bench: GradingBench,
    player: str,
    box_score_player: str | None,
    reason: str = "the league says so",
    moment: dt.datetime = NOW,
) -> list[str]:
    waiting = Aliases(bench.writer(clock=lambda: moment), DATE).record(
        player, box_score_player, Holder.here("alias"), author="anna", reason=reason
    )
    return [str(date) for date in waiting]


def wait_for(bench: GradingBench) -> GradingBench:
    """A player whose box score has a suffix, beside one whose box score has his name."""
    bench.predict(bet(player="samexample"), bet(player="other"))
    bench.play(box(28, "samexampleiii"), box(15, "other"))
    return bench


def test_a_player_whose_box_score_has_a_suffix_waits_and_the_pair_is_named(bench: GradingBench) -> None:
    report = wait_for(bench).grade()
    assert (report.total("waiting"), report.total("voided"), report.total("wrong")) == (1, 0, 1)
    [pair] = report.unsettled_names
    assert (pair.player_lookup, pair.detail, pair.predictions) == ("samexample", "samexampleiii", 1)
    [kept] = unsettled_names(bench.warehouse)
    assert (kept["game_date"], kept["player_lookup"], kept["box_score_player"]) == (DATE, "samexample", "samexampleiii")


def test_a_player_without_a_similar_name_in_his_own_game_is_voided(bench: GradingBench) -> None:
    bench.predict(bet(player="samexample"), bet(player="other"))
    bench.play(box(15, "other"), box(28, "samexampleiii", game_id="20260115_LAL_GSW"), box(9, "anthonydavis"))
    report = bench.grade()
    assert (report.total("voided"), report.unsettled_names) == (1, ())


def test_a_box_score_that_matches_a_prediction_is_nobody_elses(bench: GradingBench) -> None:
    bench.predict(bet(player="samexample"), bet(player="samexampleiii"))
    bench.play(box(28, "samexampleiii"))
    report = bench.grade()
    assert (report.total("voided"), report.unsettled_names) == (1, ())


def test_the_pair_is_found_though_the_box_scores_have_the_game_under_another_id(bench: GradingBench) -> None:
    bench.predict(bet(player="samexample"))
    bench.play(box(28, "samexampleiii", game_id=TWIN))
    assert [pair.detail for pair in bench.grade().unsettled_names] == ["samexampleiii"]


def test_an_alias_is_used_by_the_next_grading_and_kept_with_author_and_reason(bench: GradingBench) -> None:
    wait_for(bench).grade()
    assert alias(bench, "samexample", "Sam Example III") == [str(DATE)]
    report = bench.grade()
    assert (report.total("correct"), report.total("waiting"), report.unsettled_names) == (1, 0, ())
    assert unsettled_names(bench.warehouse) == []
    assert ("name_differs", "samexample", "samexampleiii") in {
        (finding.finding, finding.player_lookup, finding.detail) for finding in report.findings
    }
    [kept] = aliases(bench.warehouse)
    assert (kept["author"], kept["reason"], kept["is_current"]) == ("anna", "the league says so", True)


def test_an_alias_to_his_own_name_says_that_the_similar_one_is_somebody_else(bench: GradingBench) -> None:
    wait_for(bench).grade()
    alias(bench, "samexample", "samexample")
    report = bench.grade()
    assert (report.total("voided"), report.total("waiting"), report.unsettled_names) == (1, 0, ())


def test_a_removed_alias_leaves_nothing_behind_but_its_record(bench: GradingBench) -> None:
    wait_for(bench)
    alias(bench, "samexample", "samexampleiii")
    assert bench.grade().total("correct") == 1
    alias(bench, "samexample", None, "a typing error")
    report = bench.grade()
    assert (report.total("waiting"), report.total("removed")) == (1, 1)
    assert {row["player_lookup"] for row in bench.accuracy()} == {"other"}
    assert [(row["player_lookup"], row["removal_reason"]) for row in bench.removed()] == [("samexample", "waiting")]
    assert [row["is_current"] for row in aliases(bench.warehouse)] == [False, False]


def test_of_two_decisions_about_a_name_the_later_one_counts(bench: GradingBench) -> None:
    wait_for(bench)
    alias(bench, "samexample", "samexample", moment=NOW)
    alias(bench, "samexample", "samexampleiii", moment=NOW + dt.timedelta(minutes=1))
    assert bench.grade().total("correct") == 1
    assert [row["is_current"] for row in aliases(bench.warehouse)] == [False, True]


def test_a_player_who_was_voided_before_the_similar_name_came_waits(bench: GradingBench) -> None:
    bench.predict(bet(player="samexample"))
    bench.play(box(15, "other"))
    assert bench.grade().total("voided") == 1
    bench.play(box(15, "other"), box(28, "samexampleiii"))
    assert bench.grade().total("waiting") == 1
    assert bench.accuracy() == []


@pytest.mark.parametrize(
    ("player", "box_score_player", "reason", "problem"),
    [
        ("samexample", "samexampleiii", " ", "reason"),
        (" ", "samexampleiii", "why", "player"),
        ("samexample", " ", "why", "name in the box scores"),
        ("samexample", None, "why", "has no alias"),
        ("samexample", "first", "why", "chain"),
        ("second", "third", "why", "chain"),
    ],
)
def test_an_alias_that_is_incomplete_or_makes_a_chain_is_refused(
    bench: GradingBench, player: str, box_score_player: str | None, reason: str, problem: str
) -> None:
    alias(bench, "first", "second")
    with pytest.raises(AliasRefused, match=problem):
        alias(bench, player, box_score_player, reason)
    assert len(aliases(bench.warehouse)) == 1
