"""Repair of player_prop_predictions: duplicate business keys, active twins, and keys in another spelling.

Which row of a key stays, and what it becomes, is decided in `sql/predictions_ranks.sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nba_consolidation.fencing.audits import ACTIVE_TWINS, DUPLICATE_BUSINESS_KEYS, PLAYERS_UNDER_TWO_NAMES
from nba_consolidation.operations.repair.repair import Parameters, Repairer
from nba_consolidation.operations.repair.repair_result import PredictionsRepair
from nba_consolidation.operations.repair.repaired_table import REPAIRED_PREDICTIONS
from nba_consolidation.schema import Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row

_SET_BY_REPAIR = {
    "game_id", "player_lookup", "system_id", "prediction_id", "created_at", "prediction_version",
    "is_active", "superseded_by", "invalidated_at", "invalidation_reason",
    "version_created_at", "version_prediction_id", "updated_at", "lease_token", "run_id", "consolidation_id",
}  # fmt: skip


@dataclass(frozen=True)
class PredictionsRepairer(Repairer[PredictionsRepair]):
    """Repairs player_prop_predictions. The dates are then to be validated and published again."""

    target = REPAIRED_PREDICTIONS
    counted = ("active_rows", "duplicates", "active_twins", "misspelt")
    audits = (DUPLICATE_BUSINESS_KEYS, ACTIVE_TWINS, PLAYERS_UNDER_TWO_NAMES)
    no_figures = PredictionsRepair()

    def before_statement(self, parameters: Parameters) -> Statement:
        return Statement("predictions_before", parameters)

    def rank_statements(self, parameters: Parameters, live: Sequence[Column]) -> list[Statement]:
        return [Statement("predictions_ranks", parameters, [column.name for column in live])]

    def insert_statement(self, parameters: Parameters, live: Sequence[Column]) -> Statement:
        kept = [column.name for column in live if column.name not in _SET_BY_REPAIR]
        return Statement("insert_predictions", parameters, kept)

    def after_statement(self, parameters: Parameters, *, forecast: bool) -> Statement:
        return Statement("after", parameters, file="predictions_forecast" if forecast else "repaired_predictions")

    def figures(self, before: Row, after: Row) -> PredictionsRepair:
        return PredictionsRepair(
            rows_before=before["total_rows"],
            rows_after=after["total_rows"],
            active_before=before["active_rows"],
            active_after=after["active_rows"],
            duplicates=before["duplicates"],
            active_twins=before["active_twins"],
            misspelt=before["misspelt"],
            changed=after.get("changed", 0),
        )
