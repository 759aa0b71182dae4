"""The rules of grading in plain pandas and Python, written without a look at the SQL. Slow, and easy to believe."""

from __future__ import annotations

from typing import Any

import pandas as pd

BOOKS = {"ACTUAL_PROP", "ODDS_API", "BETTINGPROS"}
VOIDS = {
    "OUT": "dnp_injury_confirmed",
    "DOUBTFUL": "dnp_injury_confirmed",
    "QUESTIONABLE": "dnp_late_scratch",
    "PROBABLE": "dnp_late_scratch",
}


def graded_by_pandas(predictions: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """The rows of prediction_accuracy; one game has one id and a player one name in all of it."""
    played = set(scores["game_id"])
    by_teams = {(date, _teams(game), player) for date, game, player in
                scores[["game_date", "game_id", "player_lookup"]].itertuples(index=False)}  # fmt: skip
    by_player: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for score in scores.astype(object).to_dict("records"):
        by_player.setdefault((score["game_id"], score["player_lookup"]), []).append(
            {str(k): v for k, v in score.items()}
        )
    rows = []
    for prediction in predictions.astype(object).to_dict("records"):
        own = (prediction["game_id"], prediction["player_lookup"]) in by_player
        if (
            not own
            and (prediction["game_date"], _teams(prediction["game_id"]), prediction["player_lookup"]) in by_teams
        ):
            continue  # under the game's other id
        its = by_player.get((prediction["game_id"], prediction["player_lookup"]), [])
        row = _graded({str(k): _plain(v) for k, v in prediction.items()}, its, prediction["game_id"] in played)
        rows += [row] if row else []
    return pd.DataFrame(rows).astype(object)


def _teams(game_id: str) -> tuple[str, ...]:
    return tuple(sorted(game_id.split("_")[1:]))


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else value


def _usable(scores: list[dict[str, Any]]) -> tuple[Any, Any] | None:
    """Points and minutes, or nothing where they contradict each other or make no sense."""
    points = {_plain(score["points"]) for score in scores} - {None}
    minutes = {_plain(score["minutes_played"]) for score in scores} - {None}
    if len(points) != 1 or len(minutes) > 1:
        return None
    scored, played = points.pop(), minutes.pop() if minutes else None
    if scored < 0 or (played is not None and played < 0) or (scored == 0 and played is None):
        return None
    return scored, played


def _graded(prediction: dict[str, Any], scores: list[dict[str, Any]], played: bool) -> dict[str, Any] | None:
    if not played or (scores and _usable(scores) is None):
        return None
    points, minutes = (_usable(scores) if scores else None) or (None, None)
    absent = points is None or (points == 0 and minutes == 0)
    line, predicted = prediction["current_points_line"], prediction["predicted_points"]
    outcome = "voided" if absent or points is None else _outcome(prediction, points)
    error = None if absent else predicted - points
    status = str(prediction["injury_status_at_prediction"]).upper().strip()
    return {
        **{name: prediction[name] for name in ("game_date", "game_id", "player_lookup", "system_id")},
        "line_value": line,
        "outcome": outcome,
        "prediction_correct": {"correct": True, "wrong": False}.get(outcome),
        "actual_points": points,
        "minutes_played": minutes,
        "signed_error": error,
        "absolute_error": None if error is None else abs(error),
        "actual_margin": None if absent or line is None else points - line,
        "confidence_decile": min(10, int(prediction["confidence"] * 10) + 1),
        "within_3_points": None if error is None else abs(error) <= 3,
        "void_reason": VOIDS.get(status, "dnp_unknown") if absent else None,
    }


def _outcome(prediction: dict[str, Any], points: int) -> str:
    line, recommendation = prediction["current_points_line"], prediction["recommendation"]
    if recommendation not in ("OVER", "UNDER"):
        return "passed"
    if line is None or prediction["line_source"] not in BOOKS or prediction["prediction_made_before_game"] is False:
        return "not_a_bet"
    if points == line:
        return "push"
    return "correct" if (points > line) == (recommendation == "OVER") else "wrong"
