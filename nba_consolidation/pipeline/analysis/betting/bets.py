"""The bets of a season, and what each strategy won and lost on every date of it. Judges nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.betting.strategies import (
    CONFIDENCES,
    EDGES,
    PLAYERS,
    TOGETHER,
    Strategy,
    bettors,
    grid,
    of_bettor,
)
from nba_consolidation.pipeline.analysis.betting.streaks import Runs, one_after_the_other
from nba_consolidation.schema import ALL_SYSTEMS, PICKED
from nba_consolidation.warehouse.interface import Row

Whole = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
_MICRO, _TENTHS = 10**6, 10


@dataclass(frozen=True)
class Bets:
    """Of one bettor, each [b], in order of dates and within one as season_bets has them.

    day: the number of the game date. confidence, edge: how many thresholds above the first each bet reaches.
    """

    day: Small
    confidence: Small
    edge: Small
    flagged: Flags
    won: Flags

    @classmethod
    def of(cls, days: Sequence[int], numbers: Sequence[Sequence[int]]) -> Bets:
        """From the whole numbers that season_bets makes of bets, by date."""
        day = np.repeat(np.asarray(days, np.int32), [len(found) for found in numbers])
        packed = np.fromiter(chain.from_iterable(numbers), np.int64, len(day))
        confidence, rest = np.divmod(packed, 4000)
        edge, bits = np.divmod(rest.astype(np.int32), 4)
        micros, tenths = confidence.astype(np.int32) - 1, edge - 1
        return cls(
            day,
            _reached(micros, [round(bound * _MICRO) for bound in CONFIDENCES[1:]]),
            _reached(tenths, [round(bound * _TENTHS) for bound in EDGES[1:]]),
            bits >= 2,
            bits % 2 == 1,
        )

    def counts(self, dates: int) -> Whole:
        """[d, s, 2]: bets lost and won on each date by each strategy of `of_bettor`."""
        shape = (dates, 2, len(CONFIDENCES), len(EDGES), 2)
        indices = (self.day, self.flagged.astype(np.int32), self.confidence, self.edge, self.won.astype(np.int32))
        cell = np.ravel_multi_index(indices, shape)
        cells = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)
        for axis in (2, 3):  # what reaches a threshold reaches all below it
            cells = np.flip(np.flip(cells, axis).cumsum(axis), axis)
        by_players = np.stack([cells.sum(axis=1), cells[:, 0]], axis=1)
        return by_players.reshape(dates, len(PLAYERS) * len(CONFIDENCES) * len(EDGES), 2)

    def runs(self, dates: int) -> Runs:
        """[d, s]: of each strategy of `of_bettor`."""
        return Runs.beside([self._runs(strategy, dates) for strategy in of_bettor("")])

    def _runs(self, strategy: Strategy, dates: int) -> Runs:
        confidence, edge = CONFIDENCES.index(strategy.min_confidence), EDGES.index(strategy.min_edge)
        chosen = (self.confidence >= confidence) & (self.edge >= edge)
        if strategy.players != PLAYERS[0]:
            chosen &= ~self.flagged
        at = np.flatnonzero(chosen)
        return Runs.of(self.day[at], self.won[at], dates)


def _reached(values: Small, bounds: Sequence[int]) -> Small:
    reached = np.zeros(values.shape, np.int32)
    for bound in bounds:
        reached += values >= bound
    return reached


@dataclass(frozen=True)
class Daily:
    """won[d, s], lost[d, s] and runs [d, s], of the d-th game date and the s-th strategy."""

    game_dates: tuple[dt.date, ...]
    strategies: tuple[Strategy, ...]
    won: Whole
    lost: Whole
    runs: Runs

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Daily:
        """From the rows of season_bets. All systems bet one after the other, in the order of their names.

        Raises ConsolidationError for a system whose name means another thing here.
        """
        dates = tuple(sorted({row["game_date"] for row in rows}))
        names = bettors(row["bettor"] for row in rows)
        found = {name: _bets(rows, dates, name) for name in names if name != ALL_SYSTEMS}
        counts = {name: bets.counts(len(dates)) for name, bets in found.items()}
        runs = {name: bets.runs(len(dates)) for name, bets in found.items()}
        systems = [name for name in names if name not in TOGETHER]
        nothing = np.zeros((len(dates), len(of_bettor("")), 2), np.int64)
        counts[ALL_SYSTEMS] = sum((counts[name] for name in systems), nothing)
        runs[ALL_SYSTEMS] = one_after_the_other([Runs.none(nothing.shape[:2]), *(runs[name] for name in systems)])
        counted = np.concatenate([counts[name] for name in names], axis=1)
        beside = _concatenated([runs[name] for name in names])
        return cls(dates, tuple(grid(names)), counted[:, :, 1], counted[:, :, 0], beside)

    def following(self, picks: Whole) -> Daily:
        """With one strategy more: on date d it makes the bets of strategy picks[d]; of none where that is -1."""
        (made,) = np.nonzero(picks >= 0)
        at = made, picks[made]

        def followed(of: npt.NDArray[Any]) -> Whole:
            found = np.zeros((len(picks), 1), np.int64)
            found[made, 0] = of[at]
            return found

        runs = self.runs
        picked = Runs(*(followed(part) for part in (runs.bets, runs.first, runs.last, runs.longest)))
        return Daily(
            self.game_dates,
            (*self.strategies, Strategy(PICKED)),
            np.hstack([self.won, followed(self.won)]),
            np.hstack([self.lost, followed(self.lost)]),
            _concatenated([runs, picked]),
        )

    @property
    def baselines(self) -> Whole:
        """[s]: the number of the strategy that each is held against."""
        number = {strategy: at for at, strategy in enumerate(self.strategies)}
        return np.array([number[strategy.baseline] for strategy in self.strategies])


def _bets(rows: Sequence[Row], dates: Sequence[dt.date], bettor: str) -> Bets:
    number = {date: at for at, date in enumerate(dates)}
    of = sorted((row for row in rows if row["bettor"] == bettor), key=lambda row: row["game_date"])
    return Bets.of([number[row["game_date"]] for row in of], [row["bets"] for row in of])


def _concatenated(runs: Sequence[Runs]) -> Runs:
    parts = zip(*((one.bets, one.first, one.last, one.longest) for one in runs), strict=True)
    return Runs(*(np.concatenate(part, axis=1) for part in parts))
