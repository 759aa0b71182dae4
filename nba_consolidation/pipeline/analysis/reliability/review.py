"""The use case: reviews the players for game dates, from the games before each date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nba_consolidation.fencing.computed_tables import ComputedTables, RecomputationReport, recompute
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.performance.windows import season_of
from nba_consolidation.pipeline.analysis.reliability.overrides import (
    Override,
    canonical_player,
    overrides_on,
    read_overrides,
)
from nba_consolidation.pipeline.analysis.reliability.player_rows import review_rows
from nba_consolidation.pipeline.analysis.reliability.player_season import EDGE, PlayerSeason
from nba_consolidation.pipeline.analysis.reliability.policies import FALSE_DISCOVERY
from nba_consolidation.schema import ALL_TABLES, PLAYER_RELIABILITY, POLICY_REVIEWS
from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.table_reads import game_dates

if TYPE_CHECKING:
    import pandas as pd

LOCK_TYPE = "reliability"


@dataclass(frozen=True)
class ReviewedDate:
    """The players of one date by status and flag, and how many of their rows this run wrote."""

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
    dates_in=POLICY_REVIEWS,
    id_column="review_id",
    counts="review_counts",
    make_counts=ReviewedDate,
    event="reviewed",
)


@dataclass(frozen=True)
class Reviewer:
    """Reviews players. policy: gives the status. disabled_systems: their bets do not count."""

    writer: FencedWriter
    policy: str = FALSE_DISCOVERY
    disabled_systems: Sequence[str] = ()

    def review(
        self, dates: Collection[dt.date], holder: Holder, on_step: Callable[[str], None] = lambda _: None
    ) -> ReviewReport:
        """Recomputes both tables for the dates, and for later dates of their seasons that were reviewed before.

        One transaction per season; unchanged rows are left alone. Raises LeaseError, WarehouseError, FencedOut; then
        nothing of that season was written. Grade the earlier dates first.
        """
        return recompute(self.writer, _COMPUTED, dates, holder, compute=self._rows, together=season_of, on_step=on_step)

    def decide(self, override: Override, holder: Holder, upcoming: Collection[dt.date] = ()) -> ReviewReport:
        """Records an override, and reviews the dates that it covers: those reviewed before, and the upcoming ones.

        Raises UnknownName if nobody has that name.
        """
        warehouse = self.writer.warehouse
        warehouse.create_tables(ALL_TABLES)
        override = replace(override, player=canonical_player(warehouse, override.player, override.first))
        values: dict[str, Value] = {
            "override_id": override.override_id, "player_lookup": override.player, "status": override.status,
            "until_date": override.last, "author": override.author, "reason": override.reason,
        }  # fmt: skip
        with self.writer.holding(LOCK_TYPE, [override.first], holder) as leased:
            leased.write([override.first], lambda fenced: [Statement("record_override", {**fenced, **values})])
        reviewed = game_dates(warehouse, POLICY_REVIEWS, override.first, override.last or dt.date.max)
        return self.review({*reviewed, *filter(override.covers, upcoming)}, holder)

    def _rows(self, dates: Sequence[dt.date]) -> tuple[pd.DataFrame, pd.DataFrame]:
        season, warehouse = season_of(dates[0]), self.writer.warehouse
        parameters: dict[str, Value] = {
            "first_date": season.first, "last_date": dates[-1] - dt.timedelta(1), "edge": EDGE,
            "disabled_systems": self.disabled_systems,
        }  # fmt: skip
        rows = warehouse.query(Statement("player_days", parameters))
        overrides = read_overrides(warehouse)
        by_date = {date: overrides_on(overrides, date) for date in dates}
        overridden = {player for players in by_date.values() for player in players}
        return review_rows(PlayerSeason.of(season.first, rows, overridden), dates, by_date, self.policy)
