"""Reads the figures of the daily quality, in few queries. `daily_checks` evaluates them.

A figure that cannot be read is an error with its name; it never counts as "none" (incidents 41 and 48).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import LeaseRecord, LeaseStore
from nba_consolidation.settings import QualityThresholds
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.warehouse.errors import WarehouseBusy, WarehouseUnavailable
from nba_consolidation.warehouse.interface import Row, Warehouse
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingArea, StagingTable

Reading = TypeVar("Reading")
_HISTORY_DAYS = 60
"""Calendar days. Within a season they contain more game days than any threshold needs, even with an All-Star break."""
_OF_HISTORY = ("active_by_system", "games_by_date", "consolidated_by_date")
_RECENT = ("confidence_out_of_scale", "ungraded_by_date")
LEASES, STAGED = "leases", "staged"


@dataclass(frozen=True)
class Readings:
    """Figures of a game date at `read_at`: rows by the name of their statement, errors by the name of the reading."""

    date: dt.date
    read_at: dt.datetime
    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    leases: Sequence[LeaseRecord] = ()
    waiting: Sequence[StagingTable] = ()
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def active(self) -> dict[dt.date, dict[str, int]]:
        """Active predictions by date and system."""
        active: dict[dt.date, dict[str, int]] = {}
        for row in self.rows["active_by_system"]:
            active.setdefault(row["game_date"], {})[row["system_id"]] = row["active_rows"]
        return active

    @property
    def games(self) -> dict[dt.date, int]:
        """Games that were played, by date; none on an off-day."""
        return {row["game_date"]: row["games"] for row in self.rows["games_by_date"]}

    @property
    def consolidated(self) -> dict[dt.date, Row]:
        """Rows of the consolidation ledger, by date."""
        return {row["game_date"]: row for row in self.rows["consolidated_by_date"]}

    def before(self, dates: Mapping[dt.date, object], days: int) -> list[dt.date]:
        """Returns the last `days` of the dates before the examined one."""
        return sorted(date for date in dates if date < self.date)[-days:]


@dataclass(frozen=True)
class Reader:
    """Reads the figures from warehouse, staging area and lease store. evolve: as in the consolidation."""

    warehouse: Warehouse
    staging: StagingArea
    leases: LeaseStore
    known: Callable[[], KnownDates]
    evolve: bool = False

    def read(self, date: dt.date, read_at: dt.datetime, thresholds: QualityThresholds) -> Readings:
        """Returns all figures, and the error of each that could not be read."""
        errors: dict[str, str] = {}
        rows = self._rows(_statements(date, thresholds.recent_days), errors)
        no_leases: tuple[LeaseRecord, ...] = ()
        no_tables: list[StagingTable] = []
        leases = _attempt(LEASES, self.leases.list, no_leases, errors)
        waiting = _attempt(STAGED, self._waiting, no_tables, errors)
        return Readings(date, read_at, rows, leases, waiting, errors)

    def _rows(self, statements: Sequence[Statement], errors: dict[str, str]) -> dict[str, list[Row]]:
        """Reads all in one query; if that fails, each alone, so that one missing table affects one check only."""
        try:
            return dict(self.warehouse.run(statements).rows)
        except (WarehouseBusy, WarehouseUnavailable) as error:
            errors.update(dict.fromkeys((statement.name for statement in statements), str(error)))
            return {}
        except ConsolidationError:
            no_rows: list[Row] = []
            return {
                statement.name: _attempt(statement.name, partial(self.warehouse.query, statement), no_rows, errors)
                for statement in statements
            }

    def _waiting(self) -> list[StagingTable]:
        """Returns the staging tables with a date that is not in the ledger, and the refused ones."""
        from nba_consolidation.pipeline.consolidation.outstanding import outstanding

        return outstanding(self.warehouse, self.staging.list_tables(self.known()), evolve=self.evolve)


def _statements(date: dt.date, recent_days: int) -> list[Statement]:
    def span(first: dt.date) -> list[dt.date]:
        return [first + dt.timedelta(days) for days in range((date - first).days + 1)]

    history = over_dates(span(date - dt.timedelta(_HISTORY_DAYS)))
    recent = over_dates(span(date - dt.timedelta(recent_days - 1)))
    figures = ((history, _OF_HISTORY), (recent, _RECENT))
    return [Statement(name, parameters) for parameters, names in figures for name in names]


def _attempt(name: str, read: Callable[[], Reading], default: Reading, errors: dict[str, str]) -> Reading:
    try:
        return read()
    except ConsolidationError as error:
        errors[name] = str(error)
        return default
