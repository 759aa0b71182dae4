"""Makes the rows of the prediction table from the predictions of a batch, as a correct worker stages them.

The numbers come from `simulated_date` and `batch_predictions`; defects are added in `defects`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from nba_consolidation.demo.arrow_columns import Ints, dates, decimals, strings, times, uuids
from nba_consolidation.demo.batch_predictions import BOOKS, Batch, BatchPredictions
from nba_consolidation.demo.league import TEAMS
from nba_consolidation.demo.simulated_date import INJURIES, SimulatedDate
from nba_consolidation.demo.systems import MODEL_VERSIONS, PERCENT_SYSTEM, SYSTEMS
from nba_consolidation.schema import PREDICTIONS
from nba_consolidation.warehouse.arrow_types import arrow_type

_TYPES = {column.name: arrow_type(column.type) for column in PREDICTIONS.columns}
_PASS_BELOW = 7  # tenths of a point between prediction and line
_RECOMMENDATIONS = ("OVER", "UNDER", "PASS", "HOLD", "NO_LINE")
_OVER, _UNDER, _PASS, _HOLD, _NO_LINE = range(5)
_INJURY_REASONS = ("knee soreness", "ankle sprain", "illness", "rest")
_RUN_MODES = {Batch.MORNING: "early", Batch.EVENING: "pre_game", Batch.LATE: "overnight"}


@dataclass(frozen=True)
class Run:
    """One worker's run: its batch, its start in microseconds since 1970, and the microseconds until its first row."""

    batch: Batch
    began: int
    wait: int


def prediction_rows(
    simulated: SimulatedDate, predictions: BatchPredictions, run: Run, random: np.random.Generator
) -> pa.Table:
    """The rows, in the order and with the types of the schema."""
    columns = {
        **_who_columns(simulated, predictions, random),
        **_line_columns(simulated, predictions),
        **_verdict_columns(simulated, predictions),
        **_model_columns(predictions, run),
        **_context_columns(simulated, predictions),
        **_time_columns(predictions, run),
    }
    return pa.table({name: columns[name] for name in _TYPES if name in columns})


def _who_columns(
    simulated: SimulatedDate, predictions: BatchPredictions, random: np.random.Generator
) -> dict[str, pa.Array]:
    rows = predictions.player
    return {
        "prediction_id": uuids(len(rows), random),
        "system_id": strings(SYSTEMS, predictions.system),
        "player_lookup": simulated.names.take(pa.array(rows)),
        "universal_player_id": strings([f"{name}_001" for name in simulated.names.to_pylist()], rows),
        "game_date": dates(simulated.date, len(rows)),
        "game_id": strings(simulated.game_ids, simulated.game[rows]),
        "team_abbr": strings(TEAMS, simulated.team[rows]),
        "opponent_team_abbr": strings(TEAMS, simulated.opponent[rows]),
        "prediction_version": pa.array(np.ones(len(rows), np.int64)),
    }


def _line_columns(simulated: SimulatedDate, predictions: BatchPredictions) -> dict[str, pa.Array]:
    none = predictions.half_points == 0
    second_choice = predictions.book == 3
    estimated = simulated.market_half_points[predictions.player] * 5
    return {
        "has_prop_line": pa.array(~none),
        "current_points_line": decimals(predictions.half_points * 5, _TYPES["current_points_line"], none),
        "line_margin": decimals(predictions.margin * 10, _TYPES["line_margin"], none),
        "line_source": strings(("ACTUAL_PROP", "NO_PROP_LINE"), none.astype(np.int64)),
        "line_source_api": strings(("ODDS_API", "BETTINGPROS"), second_choice.astype(np.int64), none),
        "sportsbook": strings(BOOKS, predictions.book, none),
        "was_line_fallback": pa.array(second_choice),
        "estimated_line_value": decimals(estimated, _TYPES["estimated_line_value"], ~none),
        "estimation_method": strings(("season_average",), np.zeros_like(predictions.book), ~none),
    }


def _verdict_columns(simulated: SimulatedDate, predictions: BatchPredictions) -> dict[str, pa.Array]:
    verdict = _verdicts(simulated, predictions)
    bet = verdict <= _UNDER
    actionable = bet & (predictions.confidence >= 0.53)
    return {
        "recommendation": strings(_RECOMMENDATIONS, verdict),
        "is_active": pa.array(np.ones(len(verdict), np.bool_)),
        "is_actionable": pa.array(actionable),
        "filter_reason": strings(("low_confidence",), np.zeros_like(verdict), actionable | ~bet),
    }


def _verdicts(simulated: SimulatedDate, predictions: BatchPredictions) -> Ints:
    """The recommendation of every row; a later assignment overrides an earlier one."""
    verdict = np.where(predictions.margin > 0, _OVER, _UNDER)
    verdict[np.abs(predictions.margin) < _PASS_BELOW] = _PASS
    verdict[simulated.injury[predictions.player] == INJURIES.index("DOUBTFUL")] = _HOLD
    verdict[predictions.half_points == 0] = _NO_LINE
    return verdict


def _model_columns(predictions: BatchPredictions, run: Run) -> dict[str, pa.Array]:
    percent = predictions.system == SYSTEMS.index(PERCENT_SYSTEM)
    confidence = np.rint(predictions.confidence * np.where(percent, 1_000_000, 10_000)).astype(np.int64)
    return {
        "predicted_points": decimals(predictions.tenths, _TYPES["predicted_points"]),
        "confidence_score": decimals(confidence, _TYPES["confidence_score"]),
        "model_version": strings(MODEL_VERSIONS, predictions.system),
        "prediction_run_mode": strings((_RUN_MODES[run.batch],), np.zeros_like(predictions.system)),
    }


def _context_columns(simulated: SimulatedDate, predictions: BatchPredictions) -> dict[str, pa.Array]:
    rows = predictions.player
    injury, game, player = simulated.injury[rows], simulated.game[rows], simulated.player[rows]
    healthy = injury < 0
    return {
        "injury_status_at_prediction": strings(INJURIES, injury, healthy),
        "injury_flag_at_prediction": pa.array(~healthy),
        "injury_reason_at_prediction": strings(_INJURY_REASONS, player % len(_INJURY_REASONS), healthy),
        "prediction_made_before_game": pa.array(np.ones(len(rows), np.bool_)),
        "feature_quality_score": pa.array(65 + (player * 7 + predictions.system * 3) % 36 + 0.5),
        "pace_adjustment": decimals((game * 37) % 240 - 120, _TYPES["pace_adjustment"]),
        "referee_adjustment": decimals((game * 53) % 120 - 60, _TYPES["referee_adjustment"]),
        "similar_games_count": pa.array(8 + (player + predictions.system) % 33),
    }


def _time_columns(predictions: BatchPredictions, run: Run) -> dict[str, pa.Array]:
    """A row every millisecond and a half."""
    created = run.began + run.wait + 1_500 * np.arange(len(predictions.player))
    return {
        "injury_checked_at": times(np.full(len(created), run.began - 60_000_000)),
        "predicted_at": times(created - 40_000),
        "created_at": times(created),
        "updated_at": pa.nulls(len(created), _TYPES["updated_at"]),
    }
