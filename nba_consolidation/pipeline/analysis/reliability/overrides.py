"""What people decide about players: it holds over what is computed, from one date to another, and is kept for good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.schema import PLAYER_STATUSES
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Warehouse


class OverrideRefused(ConsolidationError):
    """An override lacks what it must have."""


@dataclass(frozen=True)
class Override:
    """One decision. status: what holds instead; None: the computed status holds again. last: None: open."""

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
                raise OverrideRefused(f"an override must name its {name}")
        if self.status is not None and self.status not in PLAYER_STATUSES:
            raise OverrideRefused(f"{self.status!r} is no status; give one of {', '.join(PLAYER_STATUSES)}")
        if self.last is not None and self.last < self.first:
            raise OverrideRefused(f"the override of {self.player} would end on {self.last}, before {self.first}")

    def holds_on(self, date: dt.date) -> bool:
        return self.first <= date and (self.last is None or date <= self.last)

    @property
    def told(self) -> str:
        """The reason of the status, for people."""
        return f"override by {self.author}: {self.reason}"

    @property
    def until(self) -> dt.date | None:
        """The first date on which it does not hold."""
        return None if self.last is None else self.last + dt.timedelta(1)


def decided(warehouse: Warehouse) -> list[Override]:
    """All that was ever decided, in the order in which it was; the players' names folded."""
    rows = warehouse.query(Statement("overrides_in_order", {}))
    return [
        Override(
            row["override_id"], row["player_key"], row["status"], row["first_date"], row["last_date"], row["author"],
            row["reason"],
        )
        for row in rows
    ]  # fmt: skip


def in_force(overrides: Sequence[Override], date: dt.date) -> dict[str, Override]:
    """By player, the last decision that is for the date; none where that one gives him back to the computed status."""
    last = {override.player: override for override in overrides if override.holds_on(date)}
    return {player: override for player, override in last.items() if override.status is not None}
