"""Hit rates, errors, returns and calibration, computed from counts. A ratio whose denominator is 0 is NULL (NaN).

Scores come from scikit-learn. Calibration is about decided bets with a confidence from 0
to 1 only.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nba_consolidation.pipeline.analysis.performance.counts import SCORES
from nba_consolidation.pipeline.analysis.performance.hit_rate_interval import Floats, hit_rate_interval
from nba_consolidation.warehouse.interface import Row

if TYPE_CHECKING:
    import pandas as pd

DECIMALS = 6
"""All results are rounded, so that a new version of a library does not rewrite rows because of a last bit."""
STANDARD_ODDS = -110
_MICRO = 10**6
_UNIT = 1e-11
"""Sums of scores are whole numbers of this unit: finer than a mean is rounded, and millions of bets fit 64 bits."""
_KEY = ["game_date", "system_id", "time_window", "first_date"]


def profit(odds: int) -> float:
    """The profit of a winning bet of one unit at American odds: 100/110 at -110, 1.05 at +105."""
    return odds / 100 if odds > 0 else 100 / -odds


def performance(counts: pd.DataFrame, odds: int) -> pd.DataFrame:
    """The rows of system_performance: the counts with hit rates, errors and returns."""
    return with_hit_rate(counts).assign(
        mae=_mean(counts["absolute_error_tenths"], counts["compared"], 10),
        bias=_mean(counts["error_tenths"], counts["compared"], 10),
        roi_110=_return_on_investment(counts, STANDARD_ODDS),
        roi=_return_on_investment(counts, odds),
        odds=odds,
    )


def calibration(counts: pd.DataFrame) -> pd.DataFrame:
    """The rows of confidence_calibration: the bins that hold bets, with their mean confidence and hit rate."""
    bins = counts[(counts["sliced_by"] == "confidence") & (counts["bucket"] > 0) & (counts["bets"] > 0)]
    return with_hit_rate(bins).assign(
        bin=bins["bucket"], mean_confidence=_mean(bins["confidence_micros"], bins["bets"], _MICRO)
    )


def calibration_scores(counts: pd.DataFrame) -> pd.DataFrame:
    """The rows of calibration_scores, one per system and window.

    The expected calibration error is the mean of |confidence - hit rate| of the bins, weighted by their bets.
    """
    whole = counts[counts["sliced_by"] == "all"].set_index(_KEY)
    bins = counts[(counts["sliced_by"] == "confidence") & (counts["bucket"] > 0)]
    gaps = (bins["confidence_micros"] - bins["correct"] * _MICRO).abs()
    sums = bins.assign(gap=gaps).groupby(_KEY)[["bets", "correct", "confidence_micros", "gap"]].sum()
    sums = sums.reindex(whole.index, fill_value=0)
    scores = with_hit_rate(sums).assign(
        without_confidence=whole["bets"] - sums["bets"],
        mean_confidence=_mean(sums["confidence_micros"], sums["bets"], _MICRO),
        ece=_mean(sums["gap"], sums["bets"], _MICRO),
        brier=_mean(whole["brier_units"] * _UNIT, sums["bets"]),
        log_loss=_mean(whole["log_loss_units"] * _UNIT, sums["bets"]),
    )
    return scores.reset_index()


def with_hit_rate(counts: pd.DataFrame) -> pd.DataFrame:
    """The counts with the hit rate of `correct` among `bets` and its 95 % Wilson interval."""
    low, high = hit_rate_interval(counts["correct"], counts["bets"])
    return counts.assign(
        hit_rate=_mean(counts["correct"], counts["bets"]),
        hit_rate_low=low.round(DECIMALS),
        hit_rate_high=high.round(DECIMALS),
    )


def _return_on_investment(counts: pd.DataFrame, odds: int) -> Floats:
    """Units won per unit staked on decided bets.

    A push is not counted: its stake was returned and never at risk. So the return follows from the hit rate alone and
    is 0 where that breaks even (11/21 at -110), however many bets were pushes.
    """
    return _mean(counts["correct"] * profit(odds) - counts["wrong"], counts["bets"])


def _mean(total: pd.Series[int], number: pd.Series[int], scale: float = 1) -> Floats:
    """The total, divided by scale and number and rounded; NaN where number is 0."""
    unknown = np.full(len(number), np.nan)
    means: Floats = np.divide(total / scale, number, out=unknown, where=number.to_numpy() > 0)
    return means.round(DECIMALS)


def score_sums(confidences: Sequence[Row], bounds: Sequence[dt.date]) -> pd.DataFrame:
    """Both scores, summed over the bets of each system and of each stretch of days between two bounds.

    Every window consists of whole stretches, because it begins and ends at a bound; so few calls of scikit-learn are
    needed if few dates are analysed. A stretch's sum is assigned to one of its days. The sums are whole numbers of
    `_UNIT`, which add up to the same total however the days are divided.
    """
    import pandas as pd

    stretches: dict[tuple[int, str], tuple[dt.date, dict[bool, list[int]]]] = {}
    for row in confidences:
        date, system = row["game_date"], row["system_id"]
        _, by_result = stretches.setdefault((bisect_right(bounds, date), system), (date, {}))
        by_result.setdefault(row["won"], []).extend(row["confidence_micros"])
    sums = [(date, system, *_scores(by_result)) for (_, system), (date, by_result) in stretches.items()]
    return pd.DataFrame(sums, columns=["game_date", "system_id", *SCORES])


def _scores(confidences: Mapping[bool, Sequence[int]]) -> tuple[int, int]:
    """The Brier score and the log loss, each summed over the bets. confidences: by whether the bet was won."""
    from sklearn import config_context
    from sklearn.metrics import brier_score_loss, log_loss

    lost, won = (np.asarray(confidences.get(result, ()), np.float64) / _MICRO for result in (False, True))
    confidence, outcome = np.concatenate([lost, won]), np.repeat([0, 1], [len(lost), len(won)])
    with config_context(assume_finite=True, skip_parameter_validation=True):  # our inputs are valid; checks are slow
        brier = brier_score_loss(outcome, confidence, labels=[0, 1]) * len(outcome)
        loss = log_loss(outcome, confidence, normalize=False, labels=[0, 1])
    return round(brier / _UNIT), round(loss / _UNIT)
