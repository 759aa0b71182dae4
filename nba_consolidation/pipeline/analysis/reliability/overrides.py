"""Overrides: statuses of players that people decide, which replace the computed ones for a range of game dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.pipeline.analysis.reliability import queries
from nba_consolidation.schema import PLAYER_STATUSES
from nba_consolidation.warehouse.interface import Warehouse


class OverrideRefused(ConsolidationError):
    """An override is incomplete or contradicts itself."""


@dataclass(frozen=True)
class Override:
    """One override. status: None means that the computed status counts again. last: None means no end."""

    override_id: str
    player: str
    status: str | None
    first: dt.date
    last: dt.date | None
    author: str
    reason: str

    def __post_init__(self) -> None:
        for name in ("player", "author", "reason"):
            if not getattr(self, name).strip():
                raise OverrideRefused(f"an override needs a {name}")
        if self.status is not None and self.status not in PLAYER_STATUSES:
            raise OverrideRefused(f"{self.status!r} is not a status. Use one of {', '.join(PLAYER_STATUSES)}")
        if self.last is not None and self.last < self.first:
            raise OverrideRefused(f"the override of {self.player} would end on {self.last}, before {self.first}")

    def covers(self, date: dt.date) -> bool:
        return self.first <= date and (self.last is None or date <= self.last)

    @property
    def description(self) -> str:
        """The reason of the status, for people."""
        return f"override by {self.author}: {self.reason}"

    @property
    def until(self) -> dt.date | None:
        """The first date after it; None without an end."""
        return None if self.last is None else self.last + dt.timedelta(1)


def read_overrides(warehouse: Warehouse) -> list[Override]:
    """All overrides, in the order in which they were made; player names are canonical."""
    return [
        Override(
            row["override_id"], row["player_key"], row["status"], row["first_date"], row["last_date"], row["author"],
            row["reason"],
        )
        for row in queries.overrides(warehouse)
    ]  # fmt: skip


def overrides_on(overrides: Sequence[Override], date: dt.date) -> dict[str, Override]:
    """The last override of each player for the date, unless it restores the computed status."""
    last = {override.player: override for override in overrides if override.covers(date)}
    return {player: override for player, override in last.items() if override.status is not None}
