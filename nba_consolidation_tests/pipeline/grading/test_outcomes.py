"""What becomes of a prediction: each outcome, each reason, the figures beside it. All cases are graded at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from nba_consolidation.pipeline.grading.result import GradingReport
from nba_consolidation_tests.pipeline.grading.workbench import GAME, GradingBench, Row, at, bet, box

PLAYED_LATE: Row = {"game_id": "20260115_LAL_GSW", "team_abbr": "LAL", "opponent_team_abbr": "GSW"}


@dataclass(frozen=True)
class Case:
    """One prediction and its box scores, and the values of the graded row. score: his points. scores: rows."""

    expected: Row
    prediction: Row = field(default_factory=dict)
    score: int | None = None
    scores: tuple[Row, ...] = ()
    line: str | None = "20.5"


def won(score: int, line: str | None = "20.5", outcome: str = "correct", **changes: Any) -> Case:
    correct = {"correct": True, "wrong": False}.get(outcome)
    return Case({"outcome": outcome, "prediction_correct": correct}, changes, score, line=line)


def void(status: str | None, reason: str, confirmed: bool = False, *scores: Row) -> Case:
    expected = {
        "outcome": "voided",
        "is_voided": True,
        "void_reason": reason,
        "injury_confirmed_postgame": confirmed,
    }
    compared = ("prediction_correct", "signed_error", "absolute_error", "actual_margin", "within_3_points")
    return Case(expected | dict.fromkeys(compared), {"injury_status_at_prediction": status}, scores=scores)


def no_bet(reason: str, score: int = 25, line: str | None = "20.5", **changes: Any) -> Case:
    expected = {"outcome": "not_a_bet", "outcome_reason": reason, "prediction_correct": None, "is_voided": False}
    return Case(expected, changes, score, line=line)


def within(predicted: str, within_3: bool, within_5: bool) -> Case:
    expected = {"within_3_points": within_3, "within_5_points": within_5}
    return Case(expected, {"predicted_points": Decimal(predicted)}, 25)


def decile(confidence: str, expected: int) -> Case:
    return Case({"confidence_decile": expected}, {"confidence_score": Decimal(confidence)}, 25)


def tier(score: float | None, expected: str | None) -> Case:
    return Case({"data_quality_tier": expected}, {"feature_quality_score": score}, 25)


ZERO = box(0, minutes_played=Decimal(0))
FIGURES = Case(
    {
        "line_value": Decimal("20.5"),
        "actual_points": 25,
        "minutes_played": Decimal("30.0"),
        "signed_error": Decimal("3.3"),
        "absolute_error": Decimal("3.3"),
        "predicted_margin": Decimal("7.8"),
        "actual_margin": Decimal("4.5"),
        "within_3_points": False,
        "within_5_points": True,
        "confidence_score": Decimal("0.999900"),
        "confidence_decile": 10,
        "referee_adjustment": Decimal("0.3"),
        "similarity_sample_size": 12,
        "line_bookmaker": "UNDERDOG",
        "data_quality_tier": "MEDIUM",
        "is_voided": False,
        "void_reason": None,
        "injury_confirmed_postgame": False,
    },
    {
        "predicted_points": Decimal("28.3"),
        "confidence_score": Decimal("0.9999"),
        "feature_quality_score": 70.0,
        "referee_adjustment": Decimal("0.25"),
        "similar_games_count": 12,
        "sportsbook": "UNDERDOG",
    },
    25,
)

CASES: dict[str, Case] = {
    "over the line": won(21),
    "over, but under the line": won(20, outcome="wrong"),
    "under the line": won(20, recommendation="UNDER"),
    "under, but over the line": won(21, recommendation="UNDER", outcome="wrong"),
    "over meets the line": won(20, "20.0", "push"),
    "under meets the line": won(20, "20.0", "push", recommendation="UNDER"),
    "a whole line is a line": won(21, "20.0"),
    "nought is a score of someone who played": won(0, "0.5", recommendation="UNDER"),
    **{kind: won(30, outcome="passed", recommendation=kind) for kind in ("PASS", "HOLD", "NO_LINE", "NO_PREDICTION")},
    "no line": no_bet("no_line", line=None),
    **{
        f"a line of {source}": no_bet("no_book", line_source=source)
        for source in ("ESTIMATED_AVG", "NO_PROP_LINE", "NEEDS_BOOTSTRAP", "VEGAS_BACKFILL", None)
    },
    **{f"a line of {source}": won(25, "20.0", line_source=source) for source in ("ODDS_API", "BETTINGPROS")},
    "figures": FIGURES,
    "3 points off": within("28", within_3=True, within_5=True),
    "5 points off": within("30", within_3=False, within_5=True),
    "5 points off below": within("20", within_3=False, within_5=True),
    "more than 5 points off": within("19.9", within_3=False, within_5=False),
    "confidence 0": decile("0", 1),
    "confidence below 0.1": decile("0.0999", 1),
    "confidence 0.1": decile("0.1", 2),
    "confidence 1": decile("1", 10),
    "quality 80": tier(80.0, "HIGH"),
    "quality below 80": tier(79.9, "MEDIUM"),
    "quality below 70": tier(69.9, "LOW"),
    "no quality": tier(None, None),
    "out": void("OUT", "dnp_injury_confirmed", True),
    "out, 0 minutes": void("OUT", "dnp_injury_confirmed", True, ZERO),
    "doubtful": void("DOUBTFUL", "dnp_injury_confirmed", True),
    "doubtful in small letters": void("doubtful ", "dnp_injury_confirmed", True),
    "questionable": void("QUESTIONABLE", "dnp_late_scratch"),
    "probable, 0 minutes": void("PROBABLE", "dnp_late_scratch", False, ZERO),
    "no status": void(None, "dnp_unknown"),
    "no status, 0 minutes": void(None, "dnp_unknown", False, ZERO),
    "available": void("AVAILABLE", "dnp_unknown"),
    "2 points, 0 minutes": Case({"outcome": "wrong", "actual_points": 2}, scores=(box(2, minutes_played=Decimal(0)),)),
    "who passed and did not play": Case({"outcome": "voided"}, {"recommendation": "PASS"}),
    "made after the game began": no_bet("after_tip_off", prediction_made_before_game=False),
    "made before the game began": won(25, prediction_made_before_game=True),
    "made before tip-off": Case({"outcome": "correct"}, PLAYED_LATE, scores=(box(25, **PLAYED_LATE),)),
    "made at tip-off": Case(
        {"outcome_reason": "after_tip_off"}, {**PLAYED_LATE, "created_at": at(30)}, scores=(box(25, **PLAYED_LATE),)
    ),
    "made after tip-off, though it says before": Case(
        {"outcome_reason": "after_tip_off"},
        {**PLAYED_LATE, "created_at": at(60), "prediction_made_before_game": True},
        scores=(box(25, **PLAYED_LATE),),
    ),
    "the same box score twice": Case({"actual_points": 25}, scores=(box(25), box(25))),
    "twice, once without minutes": Case({"actual_points": 25}, scores=(box(25), box(25, minutes_played=None))),
    "without minutes": Case({"actual_points": 25, "outcome": "correct"}, scores=(box(25, minutes_played=None),)),
}
WAITING: dict[str, tuple[Row, ...]] = {
    "box_scores_differ": (box(20), box(22)),
    "box_score_below_zero": (box(-3),),
    "box_score_without_points": (box(None),),
    "box_score_without_minutes": (box(0, minutes_played=None),),
}
ALL = {**CASES, **{reason: Case({}, scores=scores) for reason, scores in WAITING.items()}}


def player(case: str) -> str:
    return f"player{list(ALL).index(case)}"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> GradingBench:
    bench = GradingBench(tmp_path_factory.mktemp("outcomes"))
    bench.predict(*(bet(case.line, player(name), **case.prediction) for name, case in ALL.items()),
                  bet(player="elsewhere", game_id="20260115_NYK_BKN"))  # fmt: skip
    plain = [box(case.score, player(name)) for name, case in ALL.items() if case.score is not None]
    all_scores = [{**score, "player_lookup": player(name)} for name, case in ALL.items() for score in case.scores]
    tip_off = box(3, "somebody", **PLAYED_LATE, tip_off_at=at(30))
    bench.play(*plain, *all_scores, tip_off)
    return bench


@pytest.fixture(scope="module")
def report(bench: GradingBench) -> GradingReport:
    return bench.grade()


@pytest.fixture(scope="module")
def rows(bench: GradingBench, report: GradingReport) -> dict[str, Row]:
    assert not report.poisoned
    return {row["player_lookup"]: row for row in bench.accuracy()}


@pytest.mark.parametrize("case", CASES)
def test_a_prediction_becomes_what_the_box_score_makes_of_it(rows: dict[str, Row], case: str) -> None:
    row = rows[player(case)]
    assert {name: row[name] for name in CASES[case].expected} == CASES[case].expected


@pytest.mark.parametrize("reason", WAITING)
def test_a_box_score_that_nobody_can_use_makes_its_player_wait_and_names_him(
    report: GradingReport, rows: dict[str, Row], reason: str
) -> None:
    assert player(reason) not in rows
    assert [f.player_lookup for f in report.findings if f.finding == reason] == [player(reason)]


def test_a_game_without_any_box_score_waits_and_is_named(report: GradingReport, rows: dict[str, Row]) -> None:
    assert "elsewhere" not in rows
    games = [(f.game_id, f.predictions) for f in report.findings if f.finding == "game_without_box_scores"]
    assert games == [("20260115_NYK_BKN", 1)]


def test_every_outcome_is_counted_and_they_add_up(report: GradingReport, rows: dict[str, Row]) -> None:
    (date,) = report.dates
    for outcome in ("correct", "wrong", "push", "passed", "not_a_bet", "voided"):
        counted = getattr(date, outcome)
        assert counted == sum(row["outcome"] == outcome for row in rows.values()) > 0, outcome
    assert (date.active, date.waiting, date.total_rows) == (len(ALL) + 1, len(WAITING) + 1, len(rows))
    assert (date.graded, date.bets, date.inserted) == (len(CASES), date.correct + date.wrong, len(CASES))
    absent = [case for case in ALL.values() if case.score is None and not case.scores]
    assert date.without_box_score == len(absent) + 1
    assert date.conserved


@pytest.mark.parametrize(
    ("minutes", "finding"), [(("30", "31.5"), "box_scores_differ"), (("-1",), "box_score_below_zero")]
)
def test_a_player_waits_if_only_the_minutes_of_the_box_score_are_unusable(
    tmp_path: Any, minutes: tuple[str, ...], finding: str
) -> None:
    bench = GradingBench(tmp_path)
    bench.predict(bet())
    bench.play(*(box(25, minutes_played=Decimal(played)) for played in minutes))
    report = bench.grade()
    assert (report.total("waiting"), [entry.finding for entry in report.findings]) == (1, [finding])


def test_incident_35_the_version_whose_values_stand_decides_what_was_made_after_tip_off(tmp_path: Any) -> None:
    bench = GradingBench(tmp_path)
    bench.predict(bet(prediction_id="before"))
    bench.predict(bet(prediction_id="after", created_at=at(60)), worker="w1")
    bench.play(box(tip_off_at=at(30)))
    bench.grade()
    assert bench.only_graded()["outcome_reason"] == "after_tip_off"


def test_incident_37_a_confidence_in_percent_is_graded_as_a_fraction(tmp_path: Any) -> None:
    bench = GradingBench(tmp_path)
    bench.graded(bet(confidence_score=Decimal("62.5")), scores=(box(),))
    row = bench.only_graded()
    assert (row["confidence_score"], row["confidence_decile"]) == (Decimal("0.625"), 7)


def test_a_game_of_none_of_the_tables_is_named_from_both_sides(tmp_path: Any) -> None:
    bench = GradingBench(tmp_path)
    bench.predict(bet(), bet(player="bamadebayo"))
    bench.play(box(**PLAYED_LATE))
    report = bench.grade()
    assert (report.total("waiting"), report.total("graded"), bench.accuracy()) == (2, 0, [])
    assert [(f.finding, f.game_id, f.predictions) for f in report.findings] == [
        ("game_without_box_scores", GAME, 2),
        ("game_without_predictions", "20260115_LAL_GSW", 0),
        ("played_another_game", GAME, 1),
    ]
