"""The figures of the daily quality, read in as few queries as can be. What they mean is in `checks`.

A figure that cannot be read is an error, by its name: it is never taken for "nothing found" (incidents 41 and 48).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import LeaseRecord, LeaseStore
from nba_consolidation.operations.daily_quality.thresholds import Thresholds
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.warehouse.errors import WarehouseBusy, WarehouseUnavailable
from nba_consolidation.warehouse.interface import Row, Warehouse
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingArea, StagingTable

Found = TypeVar("Found")
_HISTORY_DAYS = 60
"""Calendar days: in a season, more game days than any threshold asks for; an All-Star break fits in."""
_OF_HISTORY = ("active_by_system", "games_by_date", "consolidated_by_date")
_RECENT = ("duplicate_business_keys", "duplicate_accuracy_keys", "confidence_out_of_scale", "ungraded_by_date")
LEASES, STAGED = "leases", "staged"


@dataclass(frozen=True)
class Readings:
    """What was read for a game date, as of `now`: rows by the name of their statement, and what could not be.

    Leases and waiting tables are always those of the reading itself, at `read_at`.
    """

    date: dt.date
    now: dt.datetime
    read_at: dt.datetime
    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    leases: Sequence[LeaseRecord] = ()
    waiting: Sequence[StagingTable] = ()
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def active(self) -> dict[dt.date, dict[str, int]]:
        """Active predictions by date and system."""
        found: dict[dt.date, dict[str, int]] = {}
        for row in self.rows["active_by_system"]:
            found.setdefault(row["game_date"], {})[row["system_id"]] = row["active_rows"]
        return found

    @property
    def games(self) -> dict[dt.date, int]:
        """Games that were played, by date; none on an off-day."""
        return {row["game_date"]: row["games"] for row in self.rows["games_by_date"]}

    @property
    def consolidated(self) -> dict[dt.date, Row]:
        """What the ledger says, by date."""
        return {row["game_date"]: row for row in self.rows["consolidated_by_date"]}

    def before(self, dates: Mapping[dt.date, object], days: int) -> list[dt.date]:
        """Of the dates, the last ones before the one that is examined."""
        return sorted(date for date in dates if date < self.date)[-days:]


@dataclass(frozen=True)
class Reader:
    """Where the figures come from."""

    warehouse: Warehouse
    staging: StagingArea
    leases: LeaseStore
    known: Callable[[], KnownDates]

    def read(self, date: dt.date, now: dt.datetime, read_at: dt.datetime, thresholds: Thresholds) -> Readings:
        """All figures, or why they cannot be had."""
        errors: dict[str, str] = {}
        rows = self._rows(_statements(date, now, thresholds.recent_days), errors)
        no_leases: tuple[LeaseRecord, ...] = ()
        no_tables: list[StagingTable] = []
        leases = _attempt(LEASES, self.leases.list, no_leases, errors)
        waiting = _attempt(STAGED, self._waiting, no_tables, errors)
        return Readings(date, now, read_at, rows, leases, waiting, errors)

    def _rows(self, statements: Sequence[Statement], errors: dict[str, str]) -> dict[str, list[Row]]:
        """In one go; where that fails each alone, so that one missing table silences one check and not all."""
        try:
            return dict(self.warehouse.run(statements).rows)
        except (WarehouseBusy, WarehouseUnavailable) as error:
            errors.update(dict.fromkeys((statement.name for statement in statements), str(error)))
            return {}
        except ConsolidationError:
            nothing: list[Row] = []
            return {
                statement.name: _attempt(statement.name, partial(self.warehouse.query, statement), nothing, errors)
                for statement in statements
            }

    def _waiting(self) -> list[StagingTable]:
        """The staging tables of which anything is not in the ledger, and those that nobody can take."""
        listed = [table for table in self.staging.list_tables(self.known()) if table.dates or table.refusal]
        dates = {date for table in listed for date in table.dates}
        if not dates:
            return listed
        bounds = {"first_date": min(dates), "last_date": max(dates)}
        merged = {
            (row["staging_table"], row["fingerprint"], row["game_date"])
            for row in self.warehouse.query(Statement("consolidated_staging_tables", bounds))
        }
        return [
            table
            for table in listed
            if table.refusal or any((table.name, table.fingerprint, date) not in merged for date in table.dates)
        ]


def _statements(date: dt.date, now: dt.datetime, recent_days: int) -> list[Statement]:
    def span(first: dt.date) -> list[dt.date]:
        return [first + dt.timedelta(days) for days in range((date - first).days + 1)]

    history = over_dates(span(date - dt.timedelta(_HISTORY_DAYS))) | {"now": now}
    recent = over_dates(span(date - dt.timedelta(recent_days - 1)))
    return [*(Statement(name, history) for name in _OF_HISTORY), *(Statement(name, recent) for name in _RECENT)]


def _attempt(name: str, read: Callable[[], Found], instead: Found, errors: dict[str, str]) -> Found:
    try:
        return read()
    except ConsolidationError as error:
        errors[name] = str(error)
        return instead
