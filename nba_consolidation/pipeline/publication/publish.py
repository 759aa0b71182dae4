"""The use case: publishes the validated predictions of some game dates, for consumers.

A recalibration or a player review writes only its own table; the caller then publishes the upcoming game dates again.
Past dates keep what was published, unless they are published again explicitly.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass

from nba_consolidation.fencing.audits import NOT_PUBLISHED_ONCE
from nba_consolidation.fencing.fenced_writer import FencedWriter, Parameters, log_outcome
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.consolidation.consolidate import LOCK_TYPE
from nba_consolidation.schema import ALL_TABLES, PUBLISHED, VALIDATED
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.warehouse.interface import Warehouse

_log = logging.getLogger(__name__)
_DECIDED_HERE = ("is_actionable", "filter_reason")
_WRITTEN_BY = ("published_at", "lease_token", "run_id")
_PUBLISHED_COLUMNS = [name for name in PUBLISHED.column_names if name not in _WRITTEN_BY]
_TAKEN_OVER = [name for name in VALIDATED.column_names if name in _PUBLISHED_COLUMNS and name not in _DECIDED_HERE]


@dataclass(frozen=True)
class PublishedDate:
    """Row counts of one published date. changed: whether this publication changed any of the rows."""

    game_date: dt.date
    published_rows: int
    actionable_rows: int
    filtered_rows: int
    calibrated_rows: int
    changed: bool


@dataclass(frozen=True)
class Publisher:
    """Publishes game dates. upcoming_game_dates: returns the known game dates from today on."""

    writer: FencedWriter
    upcoming_game_dates: Callable[[], Collection[dt.date]]

    def publish(self, dates: Collection[dt.date], holder: Holder) -> list[PublishedDate]:
        """Brings published_predictions up to date for those of the dates that have rows to publish, or published rows.

        One transaction under the consolidation leases, because the validated rows are written under these too. A
        date that is up to date is left alone. Raises LeaseError, WarehouseError, FencedOut and AuditFailed; then
        nothing was written.
        """
        warehouse = self.writer.warehouse
        warehouse.create_tables(ALL_TABLES)
        chosen = _publishable(warehouse, dates)
        if not chosen:
            return []
        with self.writer.holding(LOCK_TYPE, chosen, holder) as leased:
            result = leased.write(chosen, _statements)
        published = [PublishedDate(**row) for row in result.rows["published_counts"]]
        changed = [date.game_date for date in published if date.changed]
        rows = sum(date.published_rows for date in published)
        log_outcome(_log, "published", holder.run_id, changed, rows=rows, transaction_ms=round(1000 * result.seconds))
        return published

    def publish_upcoming(self, holder: Holder) -> list[PublishedDate]:
        """Publishes the upcoming game dates. To be called after a calibration or a player's status has changed."""
        return self.publish(self.upcoming_game_dates(), holder)


def unpublished_dates(
    warehouse: Warehouse, first: dt.date = dt.date.min, last: dt.date = dt.date.max
) -> tuple[dt.date, ...]:
    """The dates that were validated and not published since, as when a process died in between."""
    rows = warehouse.query(Statement("unpublished_dates", {"first_date": first, "last_date": last}))
    return tuple(row["game_date"] for row in rows)


def _publishable(warehouse: Warehouse, dates: Collection[dt.date]) -> list[dt.date]:
    rows = warehouse.query(Statement("publishable_dates", over_dates(dates))) if dates else []
    return [row["game_date"] for row in rows]


def _statements(parameters: Parameters) -> list[Statement]:
    return [
        Statement("calibrations_in_force", parameters),
        Statement("reviewed_players", parameters),
        Statement("publishable", parameters, _TAKEN_OVER),
        Statement("dates_to_publish", parameters, _PUBLISHED_COLUMNS),
        Statement("clear_published", parameters),
        Statement("publish", parameters, _PUBLISHED_COLUMNS),
        NOT_PUBLISHED_ONCE.statement(parameters),
        Statement("published_counts", parameters),
    ]
