"""The bets of a season, and the bets that each strategy won and lost on every date of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.betting.strategies import (
    COMBINED,
    CONFIDENCES,
    EDGES,
    PLAYERS,
    Strategy,
    bettors,
    strategies_of,
)
from nba_consolidation.schema import ALL_SYSTEMS, PICKED
from nba_consolidation.warehouse.interface import Row

Whole = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
_MICRO, _TENTHS = 10**6, 10


@dataclass(frozen=True)
class BettorBets:
    """The decided bets of one bettor, an entry each: by date, and within a date in the order of season_bets.

    day: number of the game date. confidence, edge: how many thresholds above the first one the bet reaches.
    """

    day: Small
    confidence: Small
    edge: Small
    flagged: Flags
    won: Flags

    @classmethod
    def of(cls, rows: Sequence[Row], dates: Sequence[dt.date]) -> BettorBets:
        """From the rows of season_bets of one bettor; see there how a bet is packed into a whole number."""
        ordered = sorted(rows, key=lambda row: row["game_date"])
        number = {date: at for at, date in enumerate(dates)}
        days = np.array([number[row["game_date"]] for row in ordered], np.int32)
        day = np.repeat(days, [len(row["bets"]) for row in ordered])
        packed = np.fromiter(chain.from_iterable(row["bets"] for row in ordered), np.int64, len(day))
        micros, rest = np.divmod(packed, 4000)
        tenths, bits = np.divmod(rest.astype(np.int32), 4)
        return cls(
            day,
            _thresholds_reached(micros.astype(np.int32) - 1, [round(bound * _MICRO) for bound in CONFIDENCES[1:]]),
            _thresholds_reached(tenths - 1, [round(bound * _TENTHS) for bound in EDGES[1:]]),
            bits >= 2,
            bits % 2 == 1,
        )

    @classmethod
    def combined(cls, parts: Sequence[BettorBets]) -> BettorBets:
        """The bets of several bettors; within a date, one bettor after the other."""
        arrays = [np.concatenate([getattr(part, name) for part in parts]) for name in cls.__annotations__]
        order = np.argsort(arrays[0], kind="stable")
        return cls(*(array[order] for array in arrays))

    def chosen(self, strategy: Strategy) -> tuple[Small, Flags]:
        """The bets that the strategy makes: the day of each, and whether it was won."""
        made = self.confidence >= CONFIDENCES.index(strategy.min_confidence)
        made &= self.edge >= EDGES.index(strategy.min_edge)
        if strategy.players != PLAYERS[0]:
            made &= ~self.flagged
        (at,) = np.nonzero(made)
        return self.day[at], self.won[at]

    def on_day(self, day: int) -> BettorBets:
        """The bets of one date."""
        of_day = slice(*np.searchsorted(self.day, [day, day + 1]))
        return BettorBets(*(getattr(self, name)[of_day] for name in self.__annotations__))


def _thresholds_reached(values: Small, thresholds: Sequence[int]) -> Small:
    reached = np.zeros(values.shape, np.int32)
    for threshold in thresholds:
        reached += values >= threshold
    return reached


def longest_losing_streaks(day: Small, won: Flags, dates: int) -> Whole:
    """The longest streak of lost bets until the end of each date, over bets in the order of their dates."""
    place = np.arange(len(day), dtype=np.int32)
    streak = place - np.maximum.accumulate(np.where(won, place, np.int32(-1)))
    longest = np.concatenate([np.zeros(1, np.int64), np.maximum.accumulate(streak)])
    return longest[np.searchsorted(day, np.arange(dates, dtype=np.int32), side="right")]


@dataclass(frozen=True)
class DailyResults:
    """The results of strategies, each an array of [game date, strategy].

    won, lost: numbers of bets on the date. longest_losing_streak: until the end of the date. bets: by bettor.
    """

    game_dates: tuple[dt.date, ...]
    strategies: tuple[Strategy, ...]
    won: Whole
    lost: Whole
    longest_losing_streak: Whole
    bets: Mapping[str, BettorBets]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> DailyResults:
        """From the rows of season_bets. ALL bets as one system after the other, in the order of their names.

        Raises ConsolidationError for a system with a reserved name.
        """
        dates = tuple(sorted({row["game_date"] for row in rows}))
        names = bettors(row["bettor"] for row in rows)
        bets = {
            name: BettorBets.of([row for row in rows if row["bettor"] == name], dates)
            for name in names if name != ALL_SYSTEMS
        }  # fmt: skip
        systems = [bets[name] for name in names if name not in COMBINED]
        bets[ALL_SYSTEMS] = BettorBets.combined(systems) if systems else BettorBets.of([], dates)
        strategies = [strategy for name in names for strategy in strategies_of(name)]
        results = [_results(*bets[strategy.system_id].chosen(strategy), len(dates)) for strategy in strategies]
        won, lost, longest = np.stack(results, axis=-1)
        return cls(dates, tuple(strategies), won, lost, longest, bets)

    def with_picks(self, picks: Whole) -> DailyResults:
        """Adds the strategy PICKED: on date d it makes the bets of strategy picks[d], or none if that is -1."""
        no_bets = np.zeros(0, np.int32), np.zeros(0, np.bool_)
        made = (
            self.bets[self.strategies[pick].system_id].on_day(day).chosen(self.strategies[pick])
            for day, pick in enumerate(picks.tolist()) if pick >= 0
        )  # fmt: skip
        day, is_won = (np.concatenate(parts) for parts in zip(no_bets, *made, strict=True))
        won, lost, longest = _results(day, is_won, len(picks))
        return DailyResults(
            self.game_dates,
            (*self.strategies, Strategy(PICKED)),
            np.column_stack([self.won, won]),
            np.column_stack([self.lost, lost]),
            np.column_stack([self.longest_losing_streak, longest]),
            self.bets,
        )

    @property
    def baselines(self) -> Whole:
        """The number of each strategy's baseline."""
        number = {strategy: at for at, strategy in enumerate(self.strategies)}
        return np.array([number[strategy.baseline] for strategy in self.strategies])


def _results(day: Small, won: Flags, dates: int) -> tuple[Whole, Whole, Whole]:
    """By date: bets won, bets lost, and the longest losing streak so far."""
    bets, bets_won = np.bincount(day, minlength=dates), np.bincount(day[won], minlength=dates)
    return bets_won, bets - bets_won, longest_losing_streaks(day, won, dates)
