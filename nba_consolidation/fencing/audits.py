"""The audits of the published tables: SELECTs that must return no row, to be run at any time over any dates.

The same files are audits inside the transactions that write, where a row that they find rolls all of it back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from nba_consolidation.schema import ACCURACY, CALIBRATION_VERSIONS, PREDICTIONS, PUBLISHED, VALIDATED
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.warehouse.interface import Row, Warehouse


@dataclass(frozen=True)
class Audit:
    """One audit: the SQL file of its name, the table it reads, what it looks for, whether a finding must stop."""

    name: str
    table: str
    looks_for: str
    blocking: bool = True

    def findings(self, warehouse: Warehouse, dates: Collection[dt.date]) -> list[Row]:
        """What it finds in the dates, one row per finding. A query that fails raises; it never counts as passed."""
        if not dates:
            return []
        return warehouse.query(Statement(self.name, over_dates(dates)))


DUPLICATE_BUSINESS_KEYS = Audit(
    "duplicate_business_keys", PREDICTIONS.name, "business keys that stand more than once; NULL lines are equal"
)
ACTIVE_TWINS = Audit("active_twins", PREDICTIONS.name, "a game, player and system with more than one active prediction")
DUPLICATE_VALIDATED = Audit(
    "duplicate_validated_predictions", VALIDATED.name, "a game, player and system that is validated twice"
)
PLAYERS_IN_TWO_GAMES = Audit(
    "players_in_two_games", PREDICTIONS.name, "players active in two games of a date: one game under two ids?", False
)
DUPLICATE_ACCURACY_KEYS = Audit(
    "duplicate_accuracy_keys", ACCURACY.name, "predictions that are graded more than once; NULL lines are equal"
)
ACCURACY_OUT_OF_SCALE = Audit("accuracy_out_of_scale", ACCURACY.name, "graded confidences that are not within 0 to 1")
INCONSISTENT_ERRORS = Audit(
    "inconsistent_errors", ACCURACY.name, "graded rows whose errors and verdict do not follow from their own parts"
)
SEVERAL_LINES = Audit(
    "several_lines", ACCURACY.name, "players graded for several lines of one system in one game: joins fan out", False
)
DUPLICATE_CALIBRATIONS = Audit(
    "duplicate_calibrations",
    CALIBRATION_VERSIONS.name,
    "calibrations that stand twice, or two events of one system under one number",
)
OUTDATED_CALIBRATIONS = Audit(
    "outdated_calibrations",
    PUBLISHED.name,
    "systems that were published with another calibration than the one in force",
    False,
)
NOT_PUBLISHED_ONCE = Audit(
    "not_published_once", PUBLISHED.name, "validated predictions that consumers would read never, or twice"
)
AUDITS = (
    DUPLICATE_BUSINESS_KEYS,
    ACTIVE_TWINS,
    DUPLICATE_VALIDATED,
    PLAYERS_IN_TWO_GAMES,
    DUPLICATE_ACCURACY_KEYS,
    ACCURACY_OUT_OF_SCALE,
    INCONSISTENT_ERRORS,
    SEVERAL_LINES,
    DUPLICATE_CALIBRATIONS,
    OUTDATED_CALIBRATIONS,
    NOT_PUBLISHED_ONCE,
)
