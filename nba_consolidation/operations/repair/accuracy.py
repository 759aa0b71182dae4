"""Repair of prediction_accuracy: duplicates, and confidences in percent.

Which row of a key stays is decided in `sql/accuracy_ranks.sql`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nba_consolidation.fencing.audits import DUPLICATE_ACCURACY_KEYS
from nba_consolidation.operations.repair.repair import Parameters, Repairer
from nba_consolidation.operations.repair.repair_result import AccuracyCounts, AccuracyRepair
from nba_consolidation.operations.repair.repaired_table import REPAIRED_ACCURACY
from nba_consolidation.schema import ACCURACY, LAST_WRITTEN, Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.errors import TableIncomplete
from nba_consolidation.warehouse.interface import Row

LOCK_TYPE = REPAIRED_ACCURACY.lock_type
_SET_BY_REPAIR = {"confidence_score", "confidence_decile", *(column.name for column in LAST_WRITTEN)}
_NUMERIC = re.compile(r"(?:BIG)?NUMERIC(?:\(\d+(?:, *(\d+))?\))?")
_MOST_DIGITS = 9  # of a NUMERIC without parameters
_FLOAT_DIGITS = 6


@dataclass(frozen=True)
class AccuracyRepairer(Repairer[AccuracyRepair]):
    """Repairs prediction_accuracy. scales: `percent` or `fraction`, for systems whose scale is known."""

    scales: Mapping[str, str] = field(default_factory=dict)

    target = REPAIRED_ACCURACY
    counted = ("duplicates", "percent_scale_rows", "graded", "bets", "correct")
    audits = (DUPLICATE_ACCURACY_KEYS,)
    no_figures = AccuracyRepair()

    def ensure_repairable(self, live: Sequence[Column]) -> None:
        confidence_digits(live)

    def before_statement(self, parameters: Parameters) -> Statement:
        return Statement("accuracy_before", self._with_scales(parameters))

    def rank_statements(self, parameters: Parameters, live: Sequence[Column]) -> list[Statement]:
        scaled = self._with_scales(parameters)
        return [
            Statement("accuracy_ranks", scaled),
            Statement("settle_ranks", scaled, [column.name for column in live]),
        ]

    def insert_statement(self, parameters: Parameters, live: Sequence[Column]) -> Statement:
        digits = {**parameters, "confidence_digits": confidence_digits(live)}
        return Statement(
            "insert_accuracy", digits, [column.name for column in live if column.name not in _SET_BY_REPAIR]
        )

    def after_statement(self, parameters: Parameters, *, forecast: bool) -> Statement:
        return Statement("after", parameters, file="accuracy_forecast" if forecast else "repaired_accuracy")

    def figures(self, before: Row, after: Row) -> AccuracyRepair:
        return AccuracyRepair(
            before=_counts(before),
            after=_counts(after),
            percent_scale_rows=before["percent_scale_rows"],
            normalised=after.get("normalised", 0),
        )

    def _with_scales(self, parameters: Parameters) -> Parameters:
        """With the systems in percent, and those in fractions."""
        systems = {
            f"{scale}_systems": [system for system, declared in self.scales.items() if declared == scale]
            for scale in ("percent", "fraction")
        }
        return {**parameters, **systems}


def _counts(row: Row) -> AccuracyCounts:
    by_date = {row["game_date"]: (row["correct"], row["bets"])}
    return AccuracyCounts(row["total_rows"], row["graded"], row["bets"], row["correct"], by_date)


def confidence_digits(live_columns: Sequence[Column]) -> int:
    """The number of decimals of the live confidence column. Raises TableIncomplete if it cannot hold a fraction."""
    [kind] = [column.type for column in live_columns if column.name == "confidence_score"]
    if kind == "FLOAT64":
        return _FLOAT_DIGITS
    match = _NUMERIC.fullmatch(kind)
    digits = 0 if match is None else int(match[1] or (0 if "(" in kind else _MOST_DIGITS))
    if not digits:
        raise TableIncomplete(
            f"{ACCURACY.name}.confidence_score is {kind}, which holds no confidence between 0 and 1; "
            f"migrate the column to {ACCURACY.column('confidence_score').type}, then repair again"
        )
    return min(digits, _MOST_DIGITS)
