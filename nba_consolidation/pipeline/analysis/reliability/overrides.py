"""Overrides: statuses of players that people decide, which replace the computed ones for a range of game dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from nba_consolidation.errors import ConsolidationError, UnknownName, ensure_known
from nba_consolidation.pipeline.analysis.performance.metrics import DECIMALS, STANDARD_ODDS, profit
from nba_consolidation.pipeline.analysis.reliability import queries
from nba_consolidation.schema import PLAYER_STATUSES
from nba_consolidation.schema.canonical_keys import player_key
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row, Warehouse

_KNOWN_FOR = dt.timedelta(365)


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


def canonical_player(warehouse: Warehouse, name: str, date: dt.date) -> str:
    """The player_lookup of a name in any spelling. Raises UnknownName if nobody has it, with the nearest names.

    Known are the players with a prediction or a grade since a year before the date, or with an override.
    """
    bounds = {"first_date": date - _KNOWN_FOR, "last_date": dt.date.max}
    known = [row["player_key"] for row in warehouse.query(Statement("known_players", bounds))]
    key = player_key(name)
    if not known:
        raise UnknownName(f"player {key!r} is unknown: there are no predictions since {bounds['first_date']}")
    ensure_known("player", key, known)
    return key


def overrides_with_results(warehouse: Warehouse) -> list[Row]:
    """All overrides as they were made, each with the bets on the player while it was in force, as if made.

    bets, correct, units: what one unit on each bet at -110 returned. Only bets of the day of the decision or later
    count: the results of earlier ones were known.
    """
    rows = queries.overrides(warehouse)
    if not rows:
        return []
    results = {row["override_id"]: {"bets": 0, "correct": 0} for row in rows}
    for bets in warehouse.query(Statement("overridden_bets", {"first_date": min(row["first_date"] for row in rows)})):
        decided = [row for row in rows if row["created_at"].date() <= bets["game_date"]]
        override = overrides_on(_overrides(decided), bets["game_date"]).get(bets["player_key"])
        if override:
            result = results[override.override_id]
            result["bets"] += bets["correct"] + bets["wrong"]
            result["correct"] += bets["correct"]
    return [row | _with_rate(**results[row["override_id"]]) for row in rows]


def _with_rate(bets: int, correct: int) -> Row:
    won = correct * profit(STANDARD_ODDS)
    return {"bets": bets, "correct": correct, "units": round(won - (bets - correct), DECIMALS) if bets else None}


def read_overrides(warehouse: Warehouse) -> list[Override]:
    """All overrides, in the order in which they were made; player names are canonical."""
    return _overrides(queries.overrides(warehouse))


def _overrides(rows: Sequence[Row]) -> list[Override]:
    return [
        Override(
            row["override_id"], row["player_key"], row["status"], row["first_date"], row["last_date"], row["author"],
            row["reason"],
        )
        for row in rows
    ]  # fmt: skip


def overrides_on(overrides: Sequence[Override], date: dt.date) -> dict[str, Override]:
    """The last override of each player for the date, unless it restores the computed status."""
    last = {override.player: override for override in overrides if override.covers(date)}
    return {player: override for player, override in last.items() if override.status is not None}
