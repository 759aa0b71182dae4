"""The use case: players are reviewed for some game dates, from the games before them, under their fence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.fencing.computed_tables import ComputedTables, RecomputationReport, recompute
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.performance.windows import season_of
from nba_consolidation.pipeline.analysis.reliability.figures import reviewed_dates
from nba_consolidation.pipeline.analysis.reliability.overrides import Override, decided, in_force
from nba_consolidation.pipeline.analysis.reliability.player_rows import judged
from nba_consolidation.pipeline.analysis.reliability.player_season import EDGE, Season
from nba_consolidation.pipeline.analysis.reliability.policies import FALSE_DISCOVERY
from nba_consolidation.schema import ALL_TABLES, PLAYER_RELIABILITY, POLICY_REVIEWS
from nba_consolidation.sql import Statement, Value

if TYPE_CHECKING:
    import pandas as pd

LOCK_TYPE = "reliability"


@dataclass(frozen=True)
class ReviewedDate:
    """What stands of one date, in players, and how many of their rows this run had to write."""

    game_date: dt.date
    players: int = 0
    written_rows: int = 0
    blacklisted: int = 0
    watched: int = 0
    reliable: int = 0
    not_enough: int = 0
    overridden: int = 0
    high_variance: int = 0
    biased: int = 0


ReviewReport = RecomputationReport[ReviewedDate]
_COMPUTED = ComputedTables(
    LOCK_TYPE,
    (PLAYER_RELIABILITY, POLICY_REVIEWS),
    id_column="review_id",
    counts="review_counts",
    make_counts=ReviewedDate,
    event="reviewed",
)


@dataclass(frozen=True)
class Reviewer:
    """Everything a review needs. policy: what the status follows. disabled_systems: whose bets do not count."""

    writer: FencedWriter
    policy: str = FALSE_DISCOVERY
    disabled_systems: Sequence[str] = ()

    def review(
        self, dates: Collection[dt.date], holder: Holder, on_step: Callable[[str], None] = lambda _: None
    ) -> ReviewReport:
        """Brings both tables up to date for the dates, and for later ones of their seasons that were reviewed before.

        One transaction per season. Rows that come out as they stand are left alone. Raises LeaseError, WarehouseError,
        FencedOut; then nothing of that season was written. Call it when the gradings before the dates are committed.
        """
        return recompute(
            self.writer, _COMPUTED, dates, holder, dependent=self._dependent, compute=self._rows, together=season_of,
            on_step=on_step,
        )  # fmt: skip

    def decide(self, override: Override, holder: Holder) -> ReviewReport:
        """Keeps a decision about a player, and brings the dates from its first one on up to date."""
        self.writer.warehouse.create_tables(ALL_TABLES)
        given: dict[str, Value] = {
            "override_id": override.override_id, "player_lookup": override.player, "status": override.status,
            "until_date": override.last, "author": override.author, "reason": override.reason,
        }  # fmt: skip
        with self.writer.holding(LOCK_TYPE, [override.first], holder) as leased:
            leased.write([override.first], lambda guarded: [Statement("record_override", {**guarded, **given})])
        standing = reviewed_dates(self.writer.warehouse, override.first, override.last or dt.date.max)
        return self.review(standing, holder)

    def _dependent(self, requested: Sequence[dt.date]) -> Sequence[dt.date]:
        """The dates of the season, from the first requested one on, that were reviewed before."""
        return reviewed_dates(self.writer.warehouse, requested[0], season_of(requested[0]).last)

    def _rows(self, dates: Sequence[dt.date]) -> tuple[pd.DataFrame, pd.DataFrame]:
        season, warehouse = season_of(dates[0]), self.writer.warehouse
        parameters: dict[str, Value] = {
            "first_date": season.first, "last_date": dates[-1] - dt.timedelta(1), "edge": EDGE,
            "disabled_systems": self.disabled_systems,
        }  # fmt: skip
        rows = warehouse.query(Statement("player_days", parameters))
        overrides = decided(warehouse)
        by_date = {date: in_force(overrides, date) for date in dates}
        overridden = {player for players in by_date.values() for player in players}
        return judged(Season.of(season.first, rows, overridden), dates, by_date, self.policy)
