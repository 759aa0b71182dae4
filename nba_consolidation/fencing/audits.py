"""The audits that can run over any dates at any time: SELECTs that must return no row.

Inside a transaction that writes, the same statement is an audit too: a row that it returns rolls everything back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from nba_consolidation.fencing.fenced_writer import Parameters
from nba_consolidation.schema import ACCURACY, CALIBRATION_VERSIONS, PREDICTIONS, PUBLISHED, VALIDATED, WITHHELD
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.warehouse.interface import Row, Warehouse


@dataclass(frozen=True)
class Audit:
    """One audit: its name, the table it reads, what it looks for, and whether a finding blocks.

    asset: the asset of the table, by default the one with the table's name. file: the SQL file, by default the one
    with the audit's name.
    """

    name: str
    table: str
    looks_for: str
    blocking: bool = True
    asset: str = ""
    file: str = ""

    def statement(self, parameters: Parameters, *, in_transaction: bool = True) -> Statement:
        """The SELECT. In a transaction it fails if it returns a row."""
        return Statement(self.name, parameters, (), in_transaction, {"TABLE": self.table}, self.file)

    def findings(self, warehouse: Warehouse, dates: Collection[dt.date]) -> list[Row]:
        """One row per finding in the dates. A query that fails raises; it never counts as passed."""
        return warehouse.query(self.statement(over_dates(dates), in_transaction=False)) if dates else []


def as_options(dates: Collection[dt.date]) -> str:
    """The options of a command that cover the dates, for a message that advises it."""
    first, last = min(dates), max(dates)
    return f"--date {first}" if first == last else f"--from {first} --to {last}"


_PREDICTIONS, _VALIDATED, _ACCURACY, _PUBLISHED = (t.name for t in (PREDICTIONS, VALIDATED, ACCURACY, PUBLISHED))
AUDITS = (
    DUPLICATE_BUSINESS_KEYS := Audit(
        "duplicate_business_keys",
        _PREDICTIONS,
        "business keys with more than one row; NULL lines are equal",
        file="duplicate_keys",
    ),
    ACTIVE_TWINS := Audit(
        "active_twins", _PREDICTIONS, "a game, player and system with more than one active prediction"
    ),
    DUPLICATE_VALIDATED := Audit(
        "duplicate_validated_predictions",
        _VALIDATED,
        "a game, player and system that is validated twice",
        file="duplicate_keys",
    ),
    PLAYERS_IN_TWO_GAMES := Audit(
        "players_in_two_games",
        _PREDICTIONS,
        "players active in two games of a date: one game under two ids?",
        blocking=False,
        asset=_VALIDATED,
    ),
    PLAYERS_UNDER_TWO_NAMES := Audit(
        "players_under_two_names", _PREDICTIONS, "a player or system active under several spellings in one game"
    ),
    WITHHELD_BY_GROUP := Audit(
        "withheld_by_group",
        WITHHELD.name,
        "withheld predictions: their confidence is not on their group's scale",
        blocking=False,
        asset=_VALIDATED,
    ),
    DUPLICATE_ACCURACY_KEYS := Audit(
        "duplicate_accuracy_keys",
        _ACCURACY,
        "predictions that are graded more than once; NULL lines are equal",
        file="duplicate_keys",
    ),
    ACCURACY_OUT_OF_SCALE := Audit("accuracy_out_of_scale", _ACCURACY, "graded confidences that are not within 0 to 1"),
    INCONSISTENT_ERRORS := Audit(
        "inconsistent_errors", _ACCURACY, "graded rows whose errors or outcome contradict their points and line"
    ),
    SEVERAL_LINES := Audit(
        "several_lines", _ACCURACY, "players graded for several lines of one system in one game: joins fan out", False
    ),
    DUPLICATE_CALIBRATIONS := Audit(
        "duplicate_calibrations",
        CALIBRATION_VERSIONS.name,
        "calibrations with more than one row, or two events of one system under one number",
    ),
    OUTDATED_CALIBRATIONS := Audit(
        "outdated_calibrations", _PUBLISHED, "systems published with another calibration than the one in force", False
    ),
    NOT_PUBLISHED_ONCE := Audit(
        "not_published_once", _PUBLISHED, "validated predictions that are not published exactly once"
    ),
)
