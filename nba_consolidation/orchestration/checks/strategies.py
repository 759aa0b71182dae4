"""How an evaluation of betting strategies is checked: over the season up to the last date of the run.

Only results that chance hardly explains count, with the number of strategies taken into account.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.orchestration.checks.evaluation import Evaluation
from nba_consolidation.orchestration.metadata import displayed
from nba_consolidation.schema import PICKED, display_columns

if TYPE_CHECKING:
    from nba_consolidation.warehouse.interface import Row


@dataclass(frozen=True)
class StrategyOutcome:
    """The last date of a run, and its rows of strategy_performance."""

    date: dt.date
    strategies: "Sequence[Row]"


def losing_picks(outcome: StrategyOutcome) -> Evaluation:
    """Betting on the strategy that was best so far lost money."""
    picked = [row for row in outcome.strategies if row["system_id"] == PICKED]
    losing = [row for row in picked if row["pays"] == "loss"]
    return _evaluation(outcome.date, len(picked), losing)


def misleading_thresholds(outcome: StrategyOutcome) -> Evaluation:
    """The bets with more confidence, with a larger edge, or on players who are not flagged, were the worse ones."""
    compared = [row for row in outcome.strategies if row["verdict"] not in ("baseline", "not_enough")]
    worse = [row for row in compared if row["verdict"] == "worse" and row["system_id"] != PICKED]
    return _evaluation(outcome.date, len(compared), worse)


def _evaluation(date: dt.date, checked: int, failing: "Sequence[Row]") -> Evaluation:
    table = displayed(failing, display_columns.STRATEGIES)
    metadata = {"game_date": str(date), "strategies_checked": checked, "failing": table}
    return Evaluation(not failing, metadata)
