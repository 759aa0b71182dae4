"""How an analysis of the systems is evaluated: over the 30 days up to the last date of the run."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.orchestration.checks.evaluation import Evaluation
from nba_consolidation.orchestration.metadata import displayed
from nba_consolidation.schema import display_columns
from nba_consolidation.schema.display import DisplayColumn

if TYPE_CHECKING:
    from nba_consolidation.warehouse.interface import Row

WINDOW = "30d"
BETS_NEEDED = 200
"""With 200 bets a hit rate is known to about 7 points either side; systems with fewer are left out."""
CALIBRATION_ERROR_LIMIT = 0.10
LOSING_BELOW = 0.50
SYSTEMS_CHECKED = f"over {WINDOW}, of systems with at least {BETS_NEEDED} bets"


@dataclass(frozen=True)
class PerformanceOutcome:
    """The last date of a run, and its rows: of system_performance by `all`, and of calibration_scores."""

    date: dt.date
    performance: "Sequence[Row]"
    scores: "Sequence[Row]"


def losing_systems(outcome: PerformanceOutcome) -> Evaluation:
    """Systems that lose more than they win, and not by chance."""
    systems = _with_enough_bets(outcome.performance)
    losing = [row for row in systems if row["hit_rate_high"] < LOSING_BELOW]
    return _evaluation(outcome.date, systems, losing, (display_columns.SYSTEM, *display_columns.PERFORMANCE))


def calibration_error(outcome: PerformanceOutcome) -> Evaluation:
    """Systems whose confidence is far from their hit rate, beyond chance."""
    systems = _with_enough_bets(outcome.scores)
    wrong = [row for row in systems if row["ece"] > max(CALIBRATION_ERROR_LIMIT, row["ece_noise_high"] or 0)]
    return _evaluation(outcome.date, systems, wrong, display_columns.CALIBRATION_SCORES)


def _with_enough_bets(rows: "Sequence[Row]") -> "list[Row]":
    return [row for row in rows if row["time_window"] == WINDOW and row["bets"] >= BETS_NEEDED]


def _evaluation(
    date: dt.date, systems: "Sequence[Row]", failing: "Sequence[Row]", columns: Sequence[DisplayColumn]
) -> Evaluation:
    metadata = {"game_date": str(date), "systems_checked": len(systems), "failing": displayed(failing, columns)}
    return Evaluation(not failing, metadata)
