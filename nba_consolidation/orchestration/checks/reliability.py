"""How a review of the players is evaluated: a policy that flags too many players, or the wrong ones."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.orchestration.checks.evaluation import Evaluation
from nba_consolidation.orchestration.metadata import displayed
from nba_consolidation.schema import BLACKLISTED, display_columns

if TYPE_CHECKING:
    from nba_consolidation.warehouse.interface import Row

BLACKLISTED_LIMIT = 0.10
"""Few players of a league are that unreliable: a policy that blacklists more of them measures something else."""


@dataclass(frozen=True)
class ReviewOutcome:
    """The last date of a run, and its rows of player_reliability and policy_reviews."""

    date: dt.date
    players: "Sequence[Row]"
    policies: "Sequence[Row]"


def few_blacklisted(outcome: ReviewOutcome) -> Evaluation:
    """The share of blacklisted players among those with enough data."""
    with_enough_data = [row for row in outcome.players if row["status"] != "not_enough"]
    blacklisted = [row for row in with_enough_data if row["status"] == BLACKLISTED]
    metadata = {
        "game_date": str(outcome.date),
        "players_checked": len(with_enough_data),
        "blacklisted": len(blacklisted),
        "failing": displayed(blacklisted, display_columns.PLAYERS),
    }
    return Evaluation(len(blacklisted) <= BLACKLISTED_LIMIT * len(with_enough_data), metadata)


def policy_holds(outcome: ReviewOutcome) -> Evaluation:
    """A policy whose flagged players do better afterwards filters out good bets."""
    acting = [row for row in outcome.policies if row["acting"]]
    metadata = {"game_date": str(outcome.date), "policies": displayed(acting, display_columns.POLICIES)}
    return Evaluation(all(row["verdict"] != "better" for row in acting), metadata)
