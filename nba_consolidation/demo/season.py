"""The demo season: its size, and which worker delivers which staging table when. The seed determines everything.

Games are made in `simulated_date`, predictions in `batch_predictions`; `stager` writes the tables and
`staged_row_counts` counts them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from nba_consolidation.demo.arrow_columns import micros_of
from nba_consolidation.demo.batch_predictions import Batch, predictions_of_batch
from nba_consolidation.demo.defects import Refusal, Shape, bad_row, reshaped, shape_for
from nba_consolidation.demo.league import TEAMS, League, Stream, first_game_date
from nba_consolidation.demo.rows import Run, prediction_rows
from nba_consolidation.demo.simulated_date import SimulatedDate, box_scores, simulate_date
from nba_consolidation.warehouse.staging import table_names

_STARTS_AT = {Batch.MORNING: dt.time(12), Batch.EVENING: dt.time(22), Batch.LATE: dt.time(23, 30)}


@dataclass(frozen=True)
class Season:
    """A season, by its seed and size. The default has about a million staged rows; rows are built on demand."""

    seed: int = 2025
    first_date: dt.date = dt.date(2025, 10, 21)
    dates: int = 170
    max_games: int = 13
    players_per_team: int = 13
    workers: int = 3
    max_lines: int = 4
    bad_rows: int = 48
    refused_tables: bool = False

    @classmethod
    def ending(cls, last: dt.date, *, dates: int, **sizes: Any) -> Season:
        """The season of so many dates whose last one is this date, or the last one before it with games."""
        return cls(first_date=first_game_date(last, dates), dates=dates, **sizes)

    def __post_init__(self) -> None:
        sizes = (self.dates, self.max_games, self.players_per_team, self.workers, self.max_lines)
        if min(sizes) < 1 or self.bad_rows < 0:
            raise ValueError(f"every size of a season must be at least 1, and bad_rows at least 0: {self}")
        if self.max_games > len(TEAMS) // 2 or self.players_per_team > 100 or self.max_lines > 20:
            raise ValueError(f"at most {len(TEAMS) // 2} games, 100 players a team and 20 lines a player: {self}")
        if self.workers > 2 * self.players_per_team:
            raise ValueError(f"{self.workers} workers cannot share {2 * self.players_per_team} players of one game")

    @property
    def league(self) -> League:
        """The league: everything of the season that the games depend on."""
        return League(self.seed, self.first_date, self.dates, self.max_games, self.players_per_team, self.max_lines)

    @property
    def game_dates(self) -> tuple[dt.date, ...]:
        """The dates with games, in order."""
        return self.league.game_dates

    @property
    def players(self) -> tuple[str, ...]:
        """Every `player_lookup`, team by team."""
        return self.league.roster.names

    def game_ids(self, date: dt.date) -> tuple[str, ...]:
        """The games of one date."""
        return self._simulated(date).game_ids

    def deliveries(self) -> Iterator[Delivery]:
        """Every staging table, in the order of batches. No row is made before `build`."""
        for number in range(self.dates):
            yield from _deliveries_of(self, number)

    def box_scores(self, date: dt.date) -> pa.Table:
        """`player_game_summary` of one date: no row for a player who did not play."""
        return box_scores(self._simulated(date))

    def _simulated(self, date: dt.date) -> SimulatedDate:
        return simulate_date(self.league, self.game_dates.index(date))


@dataclass(frozen=True)
class Share:
    """One worker's part of one batch, for one game date."""

    date_number: int
    batch: Batch
    worker: int


@dataclass(frozen=True)
class Delivery:
    """One staging table that is not built yet. It is small when pickled, so that another process can build it."""

    season: Season
    name: str
    shares: tuple[Share, ...]
    started_at: dt.datetime
    shape: Shape = Shape.CURRENT
    bad_rows: tuple[int, ...] = ()
    redelivered: bool = False
    refusal: Refusal | None = None

    @property
    def game_dates(self) -> tuple[dt.date, ...]:
        """The dates whose games it predicts; one, except for the late worker."""
        return tuple(self.season.game_dates[share.date_number] for share in self.shares)

    def build(self) -> pa.Table:
        """The rows as the worker stages them."""
        random = np.random.default_rng([self.season.seed, *self.name.encode()])
        good = pa.concat_tables([self._good_rows(share, random) for share in self.shares])
        table = reshaped(good, self.shape)
        if self.refusal is Refusal.UNKNOWN_COLUMN:
            return table.append_column("hype_score", pa.array(random.random(table.num_rows)))
        return pa.concat_tables([table, *(bad_row(table, number) for number in self.bad_rows)])

    def _good_rows(self, share: Share, random: np.random.Generator) -> pa.Table:
        league, number = self.season.league, share.date_number
        predictions = predictions_of_batch(league, number, share.batch).of_worker(share.worker, self.season.workers)
        if self.shape is Shape.WHOLE_POINTS:
            predictions = predictions.in_whole_points()
        return prediction_rows(simulate_date(league, number), predictions, self._run(share), random)

    def _run(self, share: Share) -> Run:
        """The next worker begins a little later; a redelivery 0.392 s after the delivery."""
        began = micros_of(self.started_at) + 250_000 + 137_000 * share.worker + 392_000 * self.redelivered
        first = share.date_number == self.shares[0].date_number
        return Run(share.batch, began, wait=0 if first else 20_000_000)


def _deliveries_of(season: Season, number: int) -> Iterator[Delivery]:
    for batch in (Batch.MORNING, Batch.EVENING):
        for worker in range(season.workers):
            yield from _worker_deliveries(season, Share(number, batch, worker))
    if number == season.dates // 2 - 1:
        shares = (Share(number, Batch.LATE, 0), Share(number + 1, Batch.LATE, 0))
        yield _delivery(season, shares, "late_worker_0")
    if season.refused_tables and number == min(3, season.dates - 1):
        yield _delivery(season, (Share(number, Batch.MORNING, 0),), "crashed_worker_0", refusal=Refusal.CORRUPT)
        yield _delivery(season, (Share(number, Batch.EVENING, 0),), "canary_0", refusal=Refusal.UNKNOWN_COLUMN)


def _worker_deliveries(season: Season, share: Share) -> Iterator[Delivery]:
    """A worker's table and, sometimes, the same rows again: a needless retry."""
    random = season.league.random(Stream.PLAN, share.date_number, share.batch, share.worker)
    bad_rows = _bad_rows_of(season, share)
    shape = shape_for(bad_rows, random)
    yield _delivery(season, (share,), f"worker_{share.worker}", shape=shape, bad_rows=bad_rows)
    if random.random() < 0.08 and not bad_rows:
        yield _delivery(season, (share,), f"worker_{share.worker}r", shape=shape, redelivered=True)


def _delivery(
    season: Season,
    shares: tuple[Share, ...],
    worker_id: str,
    *,
    shape: Shape = Shape.CURRENT,
    bad_rows: tuple[int, ...] = (),
    redelivered: bool = False,
    refusal: Refusal | None = None,
) -> Delivery:
    batch_id, started_at = _batch(season, shares[0])
    name = table_names.staging_table_name(batch_id, worker_id)
    return Delivery(season, name, shares, started_at, shape, bad_rows, redelivered, refusal)


def _batch(season: Season, share: Share) -> tuple[str, dt.datetime]:
    """The batch's id, and when it started."""
    random = season.league.random(Stream.PLAN, share.date_number, share.batch)
    prefix = "regen_" if random.random() < 0.06 else ""
    delay = dt.timedelta(seconds=int(random.integers(0, 900)), microseconds=int(random.integers(0, 1_000_000)))
    date = season.game_dates[share.date_number]
    started_at = dt.datetime.combine(date, _STARTS_AT[share.batch], dt.UTC) + delay
    return f"{prefix}{started_at:%Y%m%d_%H%M%S_%f}", started_at


def _bad_rows_of(season: Season, share: Share) -> tuple[int, ...]:
    """The season's bad rows, spread evenly over its workers' tables."""
    tables = season.dates * 2 * season.workers
    table = (share.date_number * 2 + share.batch) * season.workers + share.worker
    first = -(-table * season.bad_rows // tables)
    end = -(-(table + 1) * season.bad_rows // tables)
    return tuple(range(first, end))
