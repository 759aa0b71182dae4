"""The rows of strategy_performance: what each strategy came to until some dates, and what of it is more than chance."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_consolidation.pipeline.analysis.betting.bets import Daily, Flags, Whole
from nba_consolidation.pipeline.analysis.betting.resampling import Floats
from nba_consolidation.pipeline.analysis.betting.streaks import max_drawdown
from nba_consolidation.pipeline.analysis.betting.walk_forward import Walk
from nba_consolidation.pipeline.analysis.performance.rates import DECIMALS, STANDARD_ODDS, profit, with_hit_rate

_At = tuple[Whole, Whole]
SURE = 0.01
"""How probable a finding among all strategies of a date may be by chance, to be called one: people look every day."""


def judged(daily: Daily, season_first: dt.date, dates: Sequence[dt.date], odds: int = STANDARD_ODDS) -> pd.DataFrame:
    """A row for each of the dates and each strategy with bets until then; one of PICKED always. odds: American."""
    win = profit(odds)
    known = np.array([bisect_right(daily.game_dates, date) for date in dates], np.int64)
    walk = Walk.of(daily, 1 / (1 + win), {int(dates_known) for dates_known in known})
    season = _Season.of(daily.following(walk.picks[:-1]), walk, win)
    date, strategy = np.nonzero(season.shown[known])
    at = known[date], strategy
    return with_hit_rate(season.counts(at)).assign(
        game_date=np.array(dates, dtype=object)[date],
        season_first=season_first,
        odds=odds,
        **season.described(at),
        **season.returns(at),
        **season.findings(at),
    )


@dataclass(frozen=True)
class _Season:
    """Sums after so many game dates (row 0: of nothing), each [t, s]. The last strategy is the picked one.

    Its columns are asked for `at` some rows and strategies.
    """

    daily: Daily
    walk: Walk
    win: float
    won: Whole
    lost: Whole
    bet_days: Whole
    longest: Whole
    fallen: Floats

    @classmethod
    def of(cls, daily: Daily, walk: Walk, win: float) -> _Season:
        return cls(
            daily,
            walk,
            win,
            _running(daily.won),
            _running(daily.lost),
            _running(daily.won + daily.lost > 0),
            _after_nothing(daily.runs.longest_so_far()),
            _after_nothing(max_drawdown(daily.won * win - daily.lost)),
        )

    @property
    def bets(self) -> Whole:
        return self.won + self.lost

    @property
    def shown(self) -> Flags:
        """Whoever has bets; the picked one always, so that a date without any has a row."""
        shown = self.bets > 0
        shown[:, -1] = True
        return shown

    def counts(self, at: _At) -> pd.DataFrame:
        return pd.DataFrame({
            "bet_days": self.bet_days[at], "bets": self.bets[at], "correct": self.won[at], "wrong": self.lost[at],
        })  # fmt: skip

    def described(self, at: _At) -> dict[str, Any]:
        """What each strategy is, and of the picked one what it picks next."""
        (known, strategy), of, picks = at, self.daily.strategies, self.walk.picks
        picked = strategy == len(of) - 1
        changes = np.cumsum(np.concatenate([[0], (np.diff(picks) != 0) & (picks[:-1] >= 0)]))
        columns = {
            "strategy": [one.name for one in of],
            "baseline": [one.baseline.name for one in of],
            **{name: [getattr(one, name) for one in of]
               for name in ("system_id", "min_confidence", "min_edge", "players")},
        }  # fmt: skip
        described: dict[str, Any] = {name: np.array(one, dtype=object)[strategy] for name, one in columns.items()}
        next_pick = np.array([*columns["strategy"], None], dtype=object)[picks[known]]
        return described | {
            "picked": np.where(picked, next_pick, None),  # type: ignore[call-overload]
            "picks_changed": pd.Series(changes[known], dtype="Int64").where(picked),
        }

    def returns(self, at: _At) -> dict[str, Any]:
        profit = self.won[at] * self.win - self.lost[at]
        return {
            "profit": _rounded(profit),
            "roi": _rounded(np.where(self.bets[at] > 0, profit / np.maximum(self.bets[at], 1), np.nan)),
            "longest_losing_run": self.longest[at],
            "max_drawdown": _rounded(self.fallen[at]),
        }

    def findings(self, at: _At) -> dict[str, Any]:
        """Hit rates and what lies between two of them, as returns; and what of it is more than chance."""
        rates, at_stake, baseline = self.won / np.maximum(self.bets, 1), 1 + self.win, self.daily.baselines[at[1]]
        roi, above = rates[at] * at_stake - 1, (rates[at] - rates[at[0], baseline]) * at_stake
        found = {name: values[at] for name, values in self._judged().items()}
        compared = ~np.isnan(found["difference_p"])
        return {
            "hit_rate_date_low": _rounded(found["low"]),
            "hit_rate_date_high": _rounded(found["high"]),
            "roi_low": _rounded(found["low"] * at_stake - 1),
            "roi_high": _rounded(found["high"] * at_stake - 1),
            "roi_p": _rounded(found["pays_p"]),
            "pays": _said(found["pays_p"], roi, "profit", "loss"),
            "difference": _rounded(np.where(compared, above, np.nan)),
            "difference_low": _rounded(found["difference_low"] * at_stake),
            "difference_high": _rounded(found["difference_high"] * at_stake),
            "difference_p": _rounded(found["difference_p"]),
            "verdict": np.where(
                baseline == at[1], "baseline", _said(found["difference_p"], above, "better", "worse")
            ),
        }  # fmt: skip

    def _judged(self) -> dict[str, Floats]:
        """Each [t, s], of hit rates; NaN: not enough, or nobody asked for that t."""
        names = ("low", "high", "pays_p", "difference_low", "difference_high", "difference_p")
        found = {name: np.full(self.won.shape, np.nan) for name in names}
        for row, of in self.walk.judged.items():
            for name, values in zip(names, (*of.interval, of.pays_p, *of.difference, of.difference_p), strict=True):
                found[name][row] = values
        return found


def _running(daily: npt.NDArray[Any]) -> Whole:
    sums = np.zeros((len(daily) + 1, daily.shape[1]), np.int64)
    np.cumsum(daily, axis=0, out=sums[1:])
    return sums


def _after_nothing(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.vstack([np.zeros((1, values.shape[1]), values.dtype), values])


def _rounded(values: npt.NDArray[Any]) -> Floats:
    return np.asarray(values, np.float64).round(DECIMALS) + 0.0


def _said(p: Floats, value: Floats, above: str, below: str) -> npt.NDArray[np.str_]:
    """What a finding is called: the side it is on, unless chance gives as much."""
    return np.select([np.isnan(p), p > SURE, value > 0], ["not_enough", "noise", above], below)
