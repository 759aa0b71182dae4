"""Aliases: a person's decisions about players' names in the box scores. Grading matches box scores by them.

An alias of a player to his own name decides that a similar name in the box scores is another player.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.operations.repair.accuracy import LOCK_TYPE
from nba_consolidation.schema import ALL_TABLES
from nba_consolidation.schema.canonical_keys import player_key
from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.interface import Row, Warehouse


class AliasRefused(ConsolidationError):
    """An alias is incomplete, or contradicts another one."""


@dataclass(frozen=True)
class Aliases:
    """Reads and records aliases. today: its lease protects the record if no date waits for the name."""

    writer: FencedWriter
    today: dt.date

    def record(
        self, player: str, box_score_player: str | None, holder: Holder, *, author: str, reason: str
    ) -> tuple[dt.date, ...]:
        """Records one decision; None removes the alias. Returns the dates that wait for the name: grade them again.

        Written under the leases of these dates, so that no grading of them runs meanwhile. Raises AliasRefused,
        LeaseError, WarehouseError, FencedOut.
        """
        self.writer.warehouse.create_tables(ALL_TABLES)
        self._check(player, box_score_player, author, reason)
        unsettled = unsettled_names(self.writer.warehouse)
        waiting = sorted(
            {row["game_date"] for row in unsettled if player_key(row["player_lookup"]) == player_key(player)}
        )
        values: dict[str, Value] = {
            "alias_id": uuid.uuid4().hex, "player_lookup": player.strip(), "author": author, "reason": reason,
            "box_score_player": None if box_score_player is None else box_score_player.strip(),
        }  # fmt: skip
        dates = waiting or [self.today]
        with self.writer.holding(LOCK_TYPE, dates, holder) as leased:
            leased.write(dates, lambda fenced: [Statement("record_alias", {**fenced, **values})])
        return tuple(waiting)

    def _check(self, player: str, box_score_player: str | None, author: str, reason: str) -> None:
        for name, text in (("player", player), ("author", author), ("reason", reason)):
            if not text.strip():
                raise AliasRefused(f"an alias needs a {name}; nothing was recorded")
        current = {
            row["player_key"]: row["box_score_key"] for row in aliases(self.writer.warehouse) if row["is_current"]
        }
        key = player_key(player)
        if box_score_player is None:
            if key not in current:
                raise AliasRefused(
                    f"{player} has no alias; nothing was recorded. See: nba-consolidation players aliases"
                )
            return
        if not box_score_player.strip():
            raise AliasRefused("an alias needs the name in the box scores; nothing was recorded")
        target = player_key(box_score_player)
        is_target = any(name == key != player for player, name in current.items())
        chained = current.get(target, target) != target or (key != target and is_target)
        if chained:
            raise AliasRefused(
                f"{player} and {box_score_player} would be a chain of aliases; nothing was recorded. Remove the other "
                "one first: nba-consolidation players aliases"
            )


def aliases(warehouse: Warehouse) -> Sequence[Row]:
    """Every decision, in order, with whether it is the current one."""
    return warehouse.query(Statement("aliases_in_order"))


def unsettled_names(warehouse: Warehouse, first: dt.date = dt.date.min, last: dt.date = dt.date.max) -> Sequence[Row]:
    """The pairs of names that wait for a decision, by date."""
    return warehouse.query(Statement("unsettled_names_in_order", {"first_date": first, "last_date": last}))
