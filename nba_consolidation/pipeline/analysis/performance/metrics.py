"""Hit rates, errors, returns and calibration, computed from counts. A ratio whose denominator is 0 is NULL (NaN).

Calibration is about decided bets with a confidence from 0 to 1 only.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nba_consolidation.pipeline.analysis.performance.counts import SCORES
from nba_consolidation.pipeline.analysis.performance.game_date_clusters import (
    design_effect,
    ece_noise,
    gap_variance,
    interval_of_any_dates,
    square_sum,
)
from nba_consolidation.pipeline.analysis.performance.hit_rate_interval import Floats
from nba_consolidation.pipeline.analysis.performance.log_loss import constant_log_loss, log_losses
from nba_consolidation.warehouse.interface import Row

if TYPE_CHECKING:
    import pandas as pd

DECIMALS = 6
"""All results are rounded, so that a new version of a library does not rewrite rows because of a last bit."""
STANDARD_ODDS = -110
_MICRO, _MILLI = 10**6, 10**3
_UNIT = 1e-11
"""Sums of scores are whole numbers of this unit: finer than a mean is rounded, and millions of bets fit 64 bits."""
_KEY = ["game_date", "system_id", "time_window", "first_date"]


def profit(odds: int) -> float:
    """The profit of a winning bet of one unit at American odds: 100/110 at -110, 1.05 at +105."""
    return odds / 100 if odds > 0 else 100 / -odds


def performance(counts: pd.DataFrame, odds: int) -> pd.DataFrame:
    """The rows of system_performance: the counts with hit rates, errors and returns."""
    return with_hit_rate(counts, _design_effect(counts), counts["dates"]).assign(
        mae=_mean(counts["absolute_error_tenths"], counts["compared"], 10),
        bias=_mean(counts["error_tenths"], counts["compared"], 10),
        roi_110=_return_on_investment(counts, STANDARD_ODDS),
        roi=_return_on_investment(counts, odds),
        odds=odds,
    )


def calibration(counts: pd.DataFrame) -> pd.DataFrame:
    """The rows of confidence_calibration: the bins that hold bets, with their mean confidence and hit rate."""
    bins = counts[(counts["sliced_by"] == "confidence") & (counts["bucket"] > 0) & (counts["bets"] > 0)]
    return with_hit_rate(bins, _design_effect(bins), bins["dates"]).assign(
        bin=bins["bucket"], mean_confidence=_mean(bins["confidence_micros"], bins["bets"], _MICRO)
    )


def calibration_scores(counts: pd.DataFrame) -> pd.DataFrame:
    """The rows of calibration_scores, one per system and window.

    The expected calibration error is the mean of |confidence - hit rate| of the bins, weighted by their bets. The
    design effect of the hit rate is that of all bets of the window, also of those without a confidence.
    """
    whole = counts[counts["sliced_by"] == "all"].set_index(_KEY)
    bins = counts[(counts["sliced_by"] == "confidence") & (counts["bucket"] > 0)]
    gaps = (bins["confidence_micros"] - bins["correct"] * _MICRO).abs()
    bins = bins.assign(gap=gaps, **_noise_terms(bins))
    sums = bins.groupby(_KEY)[["bets", "correct", "confidence_micros", "gap", "gap_sd", "gap_variance"]].sum()
    sums = sums.reindex(whole.index, fill_value=0)
    noise, noise_high = ece_noise(sums["gap_sd"], sums["gap_variance"], sums["bets"])
    scores = with_hit_rate(sums, _design_effect(whole), whole["dates"]).assign(
        without_confidence=whole["bets"] - sums["bets"],
        mean_confidence=_mean(sums["confidence_micros"], sums["bets"], _MICRO),
        ece=_mean(sums["gap"], sums["bets"], _MICRO),
        ece_noise=noise.round(DECIMALS),
        ece_noise_high=noise_high.round(DECIMALS),
        brier=_mean(whole["brier_units"] * _UNIT, sums["bets"]),
        log_loss=_mean(whole["log_loss_units"] * _UNIT, sums["bets"]),
        log_loss_constant=constant_log_loss(sums["correct"], sums["bets"]).round(DECIMALS),
    )
    return scores.reset_index()


def with_hit_rate(counts: pd.DataFrame, effect: Floats, dates: pd.Series[int]) -> pd.DataFrame:
    """The counts with the hit rate of `correct` among `bets` and its 95 % interval by game date."""
    low, high = interval_of_any_dates(counts["correct"], counts["bets"], effect, dates)
    return counts.assign(
        hit_rate=_mean(counts["correct"], counts["bets"]),
        hit_rate_low=low.round(DECIMALS),
        hit_rate_high=high.round(DECIMALS),
    )


def _design_effect(counts: pd.DataFrame) -> Floats:
    rate: pd.Series[float] = counts["correct"] / np.maximum(counts["bets"], 1)
    residuals = square_sum(counts["correct_squared"], counts["correct_bets"], counts["bets_squared"], rate)
    return design_effect(counts["correct"], counts["bets"], residuals, counts["dates"])


def _noise_terms(bins: pd.DataFrame) -> dict[str, Floats]:
    """The variance of each bin's sum of gaps, and its standard deviation, if every bet is won as often as stated."""
    bets = np.maximum(bins["bets"], 1)
    confidence: pd.Series[float] = bins["confidence_micros"] / _MICRO / bets
    mean_gap: pd.Series[float] = confidence - bins["correct"] / bets
    squares = bins["gap_squared"] / _MILLI**2, bins["gap_bets"] / _MILLI, bins["bets_squared"]
    variance = gap_variance(confidence, bins["bets"], square_sum(*squares, mean_gap), bins["dates"])
    return {"gap_variance": variance, "gap_sd": np.sqrt(variance)}


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

    Every window consists of whole stretches, because it begins and ends at a bound. A stretch's sum is assigned to one
    of its days. The sums are whole numbers of `_UNIT`, which add up to the same total however the days are divided.
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
    lost, won = (np.asarray(confidences.get(result, ()), np.float64) / _MICRO for result in (False, True))
    brier = float((lost**2).sum() + ((1 - won) ** 2).sum())
    loss = float(log_losses(lost, 0, 1).sum() + log_losses(won, 1, 0).sum())
    return round(brier / _UNIT), round(loss / _UNIT)
