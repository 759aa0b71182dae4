"""The use case: players are reviewed for some game dates, from the games before them, under their fence."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from nba_consolidation.fencing.computed_tables import ComputedTables
from nba_consolidation.fencing.fenced_writer import FencedWriter, LeasedDates
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.performance.windows import DateRange, season_of
from nba_consolidation.pipeline.analysis.reliability.figures import reviewed_dates
from nba_consolidation.pipeline.analysis.reliability.overrides import Override, decided, in_force
from nba_consolidation.pipeline.analysis.reliability.player_rows import judged
from nba_consolidation.pipeline.analysis.reliability.player_season import EDGE, Season
from nba_consolidation.pipeline.analysis.reliability.policies import FALSE_DISCOVERY
from nba_consolidation.schema import ALL_TABLES, PLAYER_RELIABILITY, POLICY_REVIEWS
from nba_consolidation.sql import Statement, Value

LOCK_TYPE = "reliability"
_TABLES = ComputedTables({"reliability": PLAYER_RELIABILITY, "policy_reviews": POLICY_REVIEWS}, "review_id")


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


@dataclass(frozen=True)
class ReviewReport:
    """What a review came to. followed: later dates of the seasons, reviewed before, brought up to date too."""

    run_id: str
    dates: tuple[ReviewedDate, ...]
    followed: tuple[dt.date, ...]
    seconds: float

    def total(self, figure: str) -> int:
        """The sum of one figure of ReviewedDate over the dates."""
        return sum(getattr(date, figure) for date in self.dates)


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
        started = time.monotonic()
        asked = sorted(set(dates))
        warehouse = self.writer.warehouse
        warehouse.create_tables(ALL_TABLES)
        reviewed: list[ReviewedDate] = []
        followed: list[dt.date] = []
        for span, given in groupby(asked, season_of):
            wanted = list(given)
            later = [date for date in reviewed_dates(warehouse, wanted[0], span.last) if date not in set(wanted)]
            with self.writer.holding(LOCK_TYPE, [*wanted, *later], holder) as leased:
                reviewed += self._season(leased, span, sorted([*wanted, *later]), on_step)
            followed += later
        return ReviewReport(holder.run_id, tuple(reviewed), tuple(followed), round(time.monotonic() - started, 3))

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

    def _season(
        self, leased: LeasedDates, span: DateRange, dates: Sequence[dt.date], on_step: Callable[[str], None]
    ) -> list[ReviewedDate]:
        warehouse = self.writer.warehouse
        on_step("count")
        parameters: dict[str, Value] = {
            "first_date": span.first, "last_date": dates[-1] - dt.timedelta(1), "edge": EDGE,
            "disabled_systems": self.disabled_systems,
        }  # fmt: skip
        rows = warehouse.query(Statement("player_days", parameters))
        overrides = decided(warehouse)
        by_date = {date: in_force(overrides, date) for date in dates}
        others = {player for found in by_date.values() for player in found}
        on_step("compute")
        found = judged(Season.of(span.first, rows, others), dates, by_date, self.policy)
        stands = _TABLES.write(
            leased, dates, dict(zip(_TABLES.tables, found, strict=True)), transaction=uuid.uuid4().hex,
            counts="review_counts", on_step=on_step,
        )  # fmt: skip
        return [ReviewedDate(**stands.get(date, {"game_date": date})) for date in dates]
