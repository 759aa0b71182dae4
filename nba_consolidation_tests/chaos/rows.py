"""The rows that stagers stage: few keys that all of them write, NULL lines, rows of any age, and some broken rows.

A version of a table has all rows of the one before and at least one more of each of its dates. So no acknowledged row
may ever be missing, and the number of rows identifies the version that was merged.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from random import Random
from typing import Any

import pyarrow as pa

from nba_consolidation_tests.pipeline.consolidation.workbench import points, prediction, staged

DATES = tuple(dt.date(2025, 1, day) for day in (15, 16, 17, 18))
_GAMES = ("BOS_MIA", "LAL_DEN")
_PLAYERS = ("jaimejaquezjr", "tylerherro", "jaysontatum")
_SYSTEMS = ("catboost_v9", "ensemble_v1")
_LINES = (None, "20.5", "21.0", "21.5")
_MORNING = dt.datetime(2025, 1, 10, 8, tzinfo=dt.UTC)
_MINUTES = 300
_BROKEN = "81.0"  # above the maximum of 80

Key = tuple[str, str, str, str, str | None]
"""A business key in plain text, the date first and the line last."""


@dataclass(frozen=True)
class StagedRow:
    """The columns of a prediction that the verdict checks. Its prediction_id is unique."""

    prediction_id: str
    game_date: str
    game_id: str
    player_lookup: str
    system_id: str
    line: str | None
    created_at: str
    predicted_points: str

    @property
    def key(self) -> Key:
        return (self.game_date, self.game_id, self.player_lookup, self.system_id, self.line)

    @property
    def age(self) -> tuple[str, str]:
        """Decides between two versions of a key."""
        return self.created_at, self.prediction_id

    @property
    def broken(self) -> bool:
        return self.predicted_points == _BROKEN

    def whole(self) -> dict[str, Any]:
        """The whole row, as a worker writes it."""
        changes = asdict(self) | {
            "game_date": dt.date.fromisoformat(self.game_date),
            "created_at": dt.datetime.fromisoformat(self.created_at),
            "predicted_points": points(self.predicted_points),
        }
        return prediction(changes.pop("line"), **changes)


@dataclass
class StagedTable:
    """A staging table that grows from version to version."""

    name: str
    dates: Sequence[dt.date]
    rng: Random
    version: int = 0
    rows: list[StagedRow] = field(default_factory=list)

    def grow(self) -> None:
        """Makes the next version."""
        self.version += 1
        for date in self.dates:
            self.rows += [self._row(date) for _ in range(self.rng.randint(1, 4))]

    def written(self) -> pa.Table:
        return staged(row.whole() for row in self.rows)

    def _row(self, date: dt.date) -> StagedRow:
        rng = self.rng
        made = _MORNING + dt.timedelta(minutes=rng.randrange(_MINUTES))
        return StagedRow(
            prediction_id=f"{self.name}_{self.version}_{rng.getrandbits(48):012x}",
            game_date=f"{date}",
            game_id=f"{date:%Y%m%d}_{rng.choice(_GAMES)}",
            player_lookup=rng.choice(_PLAYERS),
            system_id=rng.choice(_SYSTEMS),
            line=rng.choice(_LINES),
            created_at=made.isoformat(),
            predicted_points=_BROKEN if rng.random() < 0.04 else f"{rng.randrange(10, 300) / 10:.1f}",
        )


class Batch:
    """The tables of one stager: new ones, and older ones that are delivered again with more rows."""

    def __init__(self, worker: str, rng: Random) -> None:
        self._worker = worker
        self._rng = rng
        self._numbers = count()
        self._tables: list[StagedTable] = []

    def next(self, *, new: bool = False) -> StagedTable:
        """The table to write now. Unless it must be new, one in five was written before."""
        if self._tables and self._rng.random() < 0.2 and not new:
            table = self._rng.choice(self._tables[-6:])
        else:
            table = self.new(self._rng.sample(DATES, self._rng.choice((1, 2, 2, 3))))
        table.grow()
        return table

    def new(self, dates: Sequence[dt.date]) -> StagedTable:
        table = StagedTable(f"_staging_20250110_080000_{self._worker}_{next(self._numbers)}", dates, self._rng)
        self._tables.append(table)
        return table


def box_scores(rng: Random) -> list[tuple[dt.date, str, str, int]]:
    """Date, game, player and points of every player of every game."""
    return [
        (date, f"{date:%Y%m%d}_{game}", player, rng.randrange(40))
        for date in DATES for game in _GAMES for player in _PLAYERS
    ]  # fmt: skip


def rows_by_date(rows: Sequence[StagedRow]) -> Counter[str]:
    """The number of rows by date."""
    return Counter(row.game_date for row in rows)
