"""Makes the rows of the prediction table of a slate, as a correct worker stages them.

The numbers come from `truth` and `slate`; defects are added in `defects`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from nba_consolidation.demo.columns import Ints, dates, decimals, strings, times, uuids
from nba_consolidation.demo.league import TEAMS
from nba_consolidation.demo.slate import BOOKS, Batch, Slate
from nba_consolidation.demo.systems import MODEL_VERSIONS, PERCENT_SYSTEM, SYSTEMS
from nba_consolidation.demo.truth import INJURIES, Truth
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


def prediction_rows(truth: Truth, slate: Slate, run: Run, random: np.random.Generator) -> pa.Table:
    """The rows, in the order and with the types of the schema."""
    columns = {
        **_who_columns(truth, slate, random),
        **_line_columns(truth, slate),
        **_verdict_columns(truth, slate),
        **_model_columns(slate, run),
        **_context_columns(truth, slate),
        **_time_columns(slate, run),
    }
    return pa.table({name: columns[name] for name in _TYPES if name in columns})


def _who_columns(truth: Truth, slate: Slate, random: np.random.Generator) -> dict[str, pa.Array]:
    rows = slate.player
    return {
        "prediction_id": uuids(len(rows), random),
        "system_id": strings(SYSTEMS, slate.system),
        "player_lookup": truth.names.take(pa.array(rows)),
        "universal_player_id": strings([f"{name}_001" for name in truth.names.to_pylist()], rows),
        "game_date": dates(truth.date, len(rows)),
        "game_id": strings(truth.game_ids, truth.game[rows]),
        "team_abbr": strings(TEAMS, truth.team[rows]),
        "opponent_team_abbr": strings(TEAMS, truth.opponent[rows]),
        "prediction_version": pa.array(np.ones(len(rows), np.int64)),
    }


def _line_columns(truth: Truth, slate: Slate) -> dict[str, pa.Array]:
    none = slate.half_points == 0
    second_choice = slate.book == 3
    estimated = truth.market_half_points[slate.player] * 5
    return {
        "has_prop_line": pa.array(~none),
        "current_points_line": decimals(slate.half_points * 5, _TYPES["current_points_line"], none),
        "line_margin": decimals(slate.margin * 10, _TYPES["line_margin"], none),
        "line_source": strings(("ACTUAL_PROP", "NO_PROP_LINE"), none.astype(np.int64)),
        "line_source_api": strings(("ODDS_API", "BETTINGPROS"), second_choice.astype(np.int64), none),
        "sportsbook": strings(BOOKS, slate.book, none),
        "was_line_fallback": pa.array(second_choice),
        "estimated_line_value": decimals(estimated, _TYPES["estimated_line_value"], ~none),
        "estimation_method": strings(("season_average",), np.zeros_like(slate.book), ~none),
    }


def _verdict_columns(truth: Truth, slate: Slate) -> dict[str, pa.Array]:
    verdict = _verdicts(truth, slate)
    bet = verdict <= _UNDER
    actionable = bet & (slate.confidence >= 0.53)
    return {
        "recommendation": strings(_RECOMMENDATIONS, verdict),
        "is_active": pa.array(np.ones(len(verdict), np.bool_)),
        "is_actionable": pa.array(actionable),
        "filter_reason": strings(("low_confidence",), np.zeros_like(verdict), actionable | ~bet),
    }


def _verdicts(truth: Truth, slate: Slate) -> Ints:
    """The recommendation of every row; a later assignment overrides an earlier one."""
    verdict = np.where(slate.margin > 0, _OVER, _UNDER)
    verdict[np.abs(slate.margin) < _PASS_BELOW] = _PASS
    verdict[truth.injury[slate.player] == INJURIES.index("DOUBTFUL")] = _HOLD
    verdict[slate.half_points == 0] = _NO_LINE
    return verdict


def _model_columns(slate: Slate, run: Run) -> dict[str, pa.Array]:
    percent = slate.system == SYSTEMS.index(PERCENT_SYSTEM)
    confidence = np.rint(slate.confidence * np.where(percent, 1_000_000, 10_000)).astype(np.int64)
    return {
        "predicted_points": decimals(slate.tenths, _TYPES["predicted_points"]),
        "confidence_score": decimals(confidence, _TYPES["confidence_score"]),
        "model_version": strings(MODEL_VERSIONS, slate.system),
        "prediction_run_mode": strings((_RUN_MODES[run.batch],), np.zeros_like(slate.system)),
    }


def _context_columns(truth: Truth, slate: Slate) -> dict[str, pa.Array]:
    rows = slate.player
    injury, game, player = truth.injury[rows], truth.game[rows], truth.player[rows]
    healthy = injury < 0
    return {
        "injury_status_at_prediction": strings(INJURIES, injury, healthy),
        "injury_flag_at_prediction": pa.array(~healthy),
        "injury_reason_at_prediction": strings(_INJURY_REASONS, player % len(_INJURY_REASONS), healthy),
        "prediction_made_before_game": pa.array(np.ones(len(rows), np.bool_)),
        "feature_quality_score": pa.array(65 + (player * 7 + slate.system * 3) % 36 + 0.5),
        "pace_adjustment": decimals((game * 37) % 240 - 120, _TYPES["pace_adjustment"]),
        "referee_adjustment": decimals((game * 53) % 120 - 60, _TYPES["referee_adjustment"]),
        "similar_games_count": pa.array(8 + (player + slate.system) % 33),
    }


def _time_columns(slate: Slate, run: Run) -> dict[str, pa.Array]:
    """A row every millisecond and a half."""
    created = run.began + run.wait + 1_500 * np.arange(len(slate.player))
    return {
        "injury_checked_at": times(np.full(len(created), run.began - 60_000_000)),
        "predicted_at": times(created - 40_000),
        "created_at": times(created),
        "updated_at": pa.nulls(len(created), _TYPES["updated_at"]),
    }
