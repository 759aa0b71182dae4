"""The offered lines, predictions and confidences of one batch for one date, as numbers.

`rows` makes the rows of the prediction table of it; `season` decides which worker stages which part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

import numpy as np

from nba_consolidation.demo.arrow_columns import Floats, Ints
from nba_consolidation.demo.league import League, Stream
from nba_consolidation.demo.simulated_date import SimulatedDate, simulate_date
from nba_consolidation.demo.systems import SELF_ASSURANCE, SYSTEMS

BOOKS = ("DRAFTKINGS", "FANDUEL", "BETMGM", "CAESARS")


class Batch(IntEnum):
    """The batches of a day. LATE is the rare one whose single worker predicts the next date as well."""

    MORNING = 0
    EVENING = 1
    LATE = 2


@dataclass(frozen=True)
class BatchPredictions:
    """The predictions of one batch for one date; `half_points` 0 is no line, `player` is a row of the SimulatedDate."""

    player: Ints
    system: Ints
    book: Ints
    half_points: Ints
    tenths: Ints
    confidence: Floats

    def of_worker(self, worker: int, workers: int) -> BatchPredictions:
        """The part of one of the workers."""
        rows = np.flatnonzero(self.player % workers == worker)
        parts = (self.player, self.system, self.book, self.half_points, self.tenths)
        player, system, book, half_points, tenths = (part[rows] for part in parts)
        return BatchPredictions(player, system, book, half_points, tenths, self.confidence[rows])

    def in_whole_points(self) -> BatchPredictions:
        """The predictions of a worker that rounds its predictions."""
        return replace(self, tenths=(self.tenths + 5) // 10 * 10)

    @property
    def margin(self) -> Ints:
        """Prediction minus line, in tenths; meaningless without a line."""
        return self.tenths - self.half_points * 5


@lru_cache(maxsize=4)
def predictions_of_batch(league: League, number: int, batch: Batch) -> BatchPredictions:
    """The predictions of the batch for the date with this number."""
    random = league.random(Stream.SLATE, number, batch)
    simulated = simulate_date(league, number)
    player, book, half_points = _lines(league, simulated, batch, random)
    count, systems = len(player), len(SYSTEMS)
    system = np.tile(np.arange(systems), count)
    player, book, half_points = (np.repeat(part, systems) for part in (player, book, half_points))
    revised = simulated.predicted + (random.normal(0, 0.3, simulated.predicted.shape) if batch else 0)
    tenths = np.clip(np.rint(revised * 10), 0, 600).astype(np.int64)[player, system]
    edge = np.where(half_points > 0, np.abs(tenths / 10 - half_points / 2), 0)
    confidence = np.clip(0.5 + SELF_ASSURANCE[system] * edge + random.normal(0, 0.02, len(edge)), 0.05, 0.97)
    return BatchPredictions(player, system, book, half_points, tenths, confidence)


def _lines(
    league: League, simulated: SimulatedDate, batch: Batch, random: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Player, book and line, for every line offered: several for most, none (one row, line 0) for some.

    The morning has the opening lines; later some have moved by half a point, and some were taken away.
    """
    count = len(simulated.player)
    offered = simulated.has_line & (random.random(count) >= (0.05 if batch else 0))
    lines = np.where(offered, 1 + np.floor(league.max_lines * random.random(count) ** 1.2).astype(np.int64), 1)
    moved = np.where(random.random(count) < (0.45 if batch else 0), random.choice([-1, 1], count), 0)
    player = np.repeat(np.arange(count), lines)
    nth = np.arange(len(player)) - np.repeat(np.cumsum(lines) - lines, lines)
    offset = (nth + 1) // 2 * np.where((nth + player) % 2, 1, -1)
    half_points = np.where(offered[player], (simulated.market_half_points + moved)[player] + offset, 0)
    return player, nth % len(BOOKS), half_points
