"""The rows of strategy_performance: the results of each strategy, season to date, and which exceed chance."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.betting.bets import DailyResults, Whole
from nba_consolidation.pipeline.analysis.betting.resampling import Floats
from nba_consolidation.pipeline.analysis.betting.strategies import Strategy
from nba_consolidation.pipeline.analysis.betting.walk_forward import Estimates, WalkForward, walk_forward
from nba_consolidation.pipeline.analysis.performance.metrics import DECIMALS, STANDARD_ODDS, profit

if TYPE_CHECKING:
    import pandas as pd

SIGNIFICANCE_LEVEL = 0.01
"""Stricter than the usual 0.05, because people look at the strategies every day."""
_At = tuple[Whole, Whole]
"""Numbers of known dates and of strategies: the index of the rows into arrays of [known dates, strategy]."""


def strategy_rows(
    results: DailyResults, season_first: dt.date, dates: Sequence[dt.date], odds: int = STANDARD_ODDS
) -> pd.DataFrame:
    """One row per date and strategy with bets until then, and always one of PICKED. odds: American."""
    import pandas as pd

    win = profit(odds)
    known = np.array([bisect_right(results.game_dates, date) for date in dates], np.int64)
    walk = walk_forward(results, 1 / (1 + win), set(known.tolist()))
    season = results.with_picks(walk.picks[:-1])
    totals = _totals(season, win)
    hit_rates = np.where(totals["bets"] > 0, totals["correct"] / np.maximum(totals["bets"], 1), np.nan)
    has_row = totals["bets"] > 0
    has_row[:, -1] = True
    date, strategy = np.nonzero(has_row[known])
    at = known[date], strategy
    return pd.DataFrame({name: total[at] for name, total in totals.items()}).assign(
        hit_rate=_rounded(hit_rates[at]),
        game_date=np.array(dates, dtype=object)[date],
        season_first=season_first,
        odds=odds,
        **_descriptions(season.strategies, walk, at),
        **_returns(hit_rates, season.baselines, walk.estimates, win, at),
    )


def _totals(season: DailyResults, win: float) -> dict[str, npt.NDArray[Any]]:
    """Season to date after so many dates, each [known dates, strategy]; row 0 is before the first date."""
    won, lost, bet_days = map(_running_sum, (season.won, season.lost, season.won + season.lost > 0))
    return {
        "bet_days": bet_days,
        "bets": won + lost,
        "correct": won,
        "wrong": lost,
        "profit": _rounded(won * win - lost),
        "longest_losing_run": np.vstack([np.zeros_like(won[:1]), season.longest_losing_streak]),
        "max_drawdown": _rounded(max_drawdown(won * win - lost)),
    }


def _running_sum(daily: npt.NDArray[Any]) -> Whole:
    sums = np.zeros((len(daily) + 1, daily.shape[1]), np.int64)
    np.cumsum(daily, axis=0, out=sums[1:])
    return sums


def max_drawdown(total_profit: npt.NDArray[Any]) -> Floats:
    """The largest fall of the total profit below its peak so far, at the ends of dates. Row 0 is before any bet."""
    fall: Floats = np.maximum.accumulate(total_profit, axis=0) - total_profit
    return np.maximum.accumulate(fall, axis=0)


def _descriptions(strategies: Sequence[Strategy], walk: WalkForward, at: _At) -> dict[str, Any]:
    """The description of each strategy, and for PICKED the next pick and how often it changed."""
    import pandas as pd

    known, strategy = at
    names = [one.name for one in strategies]
    columns = {
        "strategy": names,
        "baseline": [one.baseline.name for one in strategies],
        **{name: [getattr(one, name) for one in strategies]
           for name in ("system_id", "min_confidence", "min_edge", "players")},
    }  # fmt: skip
    is_picked = strategy == len(strategies) - 1
    next_pick = np.array([*names, None], dtype=object)[walk.picks[known]]
    changes = np.cumsum(np.concatenate([[0], (np.diff(walk.picks) != 0) & (walk.picks[:-1] >= 0)]))
    return {name: np.array(values, dtype=object)[strategy] for name, values in columns.items()} | {
        "picked": np.where(is_picked, next_pick, None),  # type: ignore[call-overload]
        "picks_changed": pd.Series(changes[known], dtype="Int64").where(is_picked),
    }


def _returns(
    hit_rates: Floats, baselines: Whole, estimates: Mapping[int, Estimates], win: float, at: _At
) -> dict[str, Any]:
    """Returns, their difference from the baseline, and whether they exceed chance.

    A hit rate h returns h * (1 + win) - 1 per unit staked, so intervals of hit rates become intervals of returns.
    """
    factor, baseline = 1 + win, baselines[at[1]]
    roi, difference = hit_rates[at] * factor - 1, (hit_rates[at] - hit_rates[at[0], baseline]) * factor
    estimated = {name: values[at] for name, values in _estimates(estimates, hit_rates.shape).items()}
    profit_p, difference_p = estimated["profit_p"], estimated["difference_p"]
    return {
        "hit_rate_low": _rounded(estimated["low"]),
        "hit_rate_high": _rounded(estimated["high"]),
        "roi": _rounded(roi),
        "roi_low": _rounded(estimated["low"] * factor - 1),
        "roi_high": _rounded(estimated["high"] * factor - 1),
        "roi_p": _rounded(profit_p),
        "pays": _significance(profit_p, roi, "profit", "loss"),
        "difference": _rounded(np.where(np.isnan(difference_p), np.nan, difference)),
        "difference_low": _rounded(estimated["difference_low"] * factor),
        "difference_high": _rounded(estimated["difference_high"] * factor),
        "difference_p": _rounded(difference_p),
        "verdict": np.where(
            baseline == at[1], "baseline", _significance(difference_p, difference, "better", "worse")
        ),
    }  # fmt: skip


def _estimates(estimates: Mapping[int, Estimates], shape: tuple[int, ...]) -> dict[str, Floats]:
    """The estimates as arrays of [known dates, strategy]; NaN if there are too few bets."""
    names = ("low", "high", "profit_p", "difference_low", "difference_high", "difference_p")
    arrays = {name: np.full(shape, np.nan) for name in names}
    for known, one in estimates.items():
        for name, values in zip(names, (*one.interval, one.profit_p, *one.difference, one.difference_p), strict=True):
            arrays[name][known] = values
    return arrays


def _significance(p: Floats, value: Floats, above: str, below: str) -> npt.NDArray[np.str_]:
    """On which side of 0 the value lies, or `noise` if chance explains it."""
    return np.select([np.isnan(p), p > SIGNIFICANCE_LEVEL, value > 0], ["not_enough", "noise", above], below)


def _rounded(values: npt.NDArray[Any]) -> Floats:
    return np.asarray(values, np.float64).round(DECIMALS) + 0.0
