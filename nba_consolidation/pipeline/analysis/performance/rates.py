"""Hit rates with their intervals, errors and returns, for a whole column of counts at once. Nothing of 0 is NULL."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

DECIMALS = 6
"""Of everything computed: a new version of a library does not rewrite the tables for the sake of a last bit."""

Floats = npt.NDArray[np.float64]
STANDARD_ODDS = -110


def profit(odds: int) -> float:
    """What a winning bet of one unit wins at American odds: 100/110 at -110, 1.05 at +105."""
    return odds / 100 if odds > 0 else 100 / -odds


def mean(total: pd.Series[int], of: pd.Series[int], scale: float = 1) -> Floats:
    """What `total` divided by `scale` is of each; NaN where it is of nothing."""
    nothing = np.full(len(of), np.nan)
    divided: Floats = np.divide(total / scale, of, out=nothing, where=of.to_numpy() > 0)
    return divided.round(DECIMALS)


def with_hit_rate(counts: pd.DataFrame) -> pd.DataFrame:
    """The counts with the hit rate of `correct` among `bets` and its 95 % Wilson interval."""
    from statsmodels.stats.proportion import proportion_confint

    bets, correct = counts["bets"].to_numpy(), counts["correct"].to_numpy()
    low, high = proportion_confint(correct, np.maximum(bets, 1), alpha=0.05, method="wilson")
    known = bets > 0
    return counts.assign(
        hit_rate=mean(counts["correct"], counts["bets"]),
        hit_rate_low=np.where(known, np.clip(low, 0, 1), np.nan).round(DECIMALS),
        hit_rate_high=np.where(known, np.clip(high, 0, 1), np.nan).round(DECIMALS),
    )


def return_on_investment(counts: pd.DataFrame, odds: int) -> Floats:
    """Units won per unit staked on the bets that were decided.

    A push is not among them: its stake came back and was never at risk. So the return follows from the hit rate alone,
    and is 0 where that breaks even (11/21 at -110), however many bets met their line.
    """
    won = counts["correct"] * profit(odds) - counts["wrong"]
    return mean(won, counts["bets"])


def with_figures(counts: pd.DataFrame, odds: int) -> pd.DataFrame:
    """Everything that system_performance says about its counts."""
    return with_hit_rate(counts).assign(
        mae=mean(counts["absolute_error_tenths"], counts["compared"], 10),
        bias=mean(counts["error_tenths"], counts["compared"], 10),
        roi_110=return_on_investment(counts, STANDARD_ODDS),
        roi=return_on_investment(counts, odds),
        odds=odds,
    )
