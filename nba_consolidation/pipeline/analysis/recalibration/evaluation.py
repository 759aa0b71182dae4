"""How well confidences match results: drift by bucket, scores, and the comparison of two calibrations on later bets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.performance import log_loss
from nba_consolidation.pipeline.analysis.performance.game_date_clusters import (
    design_effect,
    ece_noise,
    gap_variance,
    interval_by_date,
    square_sum,
)
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import Counts, Floats, GradedBets

BINS = 10
DRIFT_LIMIT = 0.05
"""A gap of at most this between mean confidence and hit rate is tolerated."""
WORSE_BY = 0.10
MIN_BETS, MIN_DATES = 100, 5
"""A calibration with fewer later bets, or game dates, is not rolled back."""
FALSE_ALARM = 0.05
"""The probability of a false alarm, over all buckets of a system together, and of each comparison."""
_RESAMPLES = 2000
_SEED = 19950101


@dataclass(frozen=True)
class BucketDrift:
    """One bucket of confidence that has bets. The interval is by game date, at 1 - error / buckets (Bonferroni).

    Bets of a single date give no interval: it is 0 to 1.
    """

    lower_bound: float
    upper_bound: float
    bets: int
    correct: int
    mean_confidence: float
    hit_rate: float
    hit_rate_low: float
    hit_rate_high: float

    @property
    def gap(self) -> float:
        """Mean confidence - hit rate; above 0 the system is overconfident."""
        return self.mean_confidence - self.hit_rate

    @property
    def drifts(self) -> bool:
        """Whether the gap is above DRIFT_LIMIT and beyond chance."""
        inside = self.hit_rate_low <= self.mean_confidence <= self.hit_rate_high
        return abs(self.gap) > DRIFT_LIMIT and not inside


def drift(confidence: Floats, bets: GradedBets, error: float = FALSE_ALARM) -> tuple[BucketDrift, ...]:
    """The buckets that have bets. confidence: of each entry of the bets. The intervals hold together, all at once.

    error: the probability that any of them is wrong.
    """
    by_date = _BinsByDate.of(confidence, bets)
    number, won, expected = (daily.sum(axis=0) for daily in (by_date.number, by_date.won, by_date.expected))
    filled = np.flatnonzero(number)
    if not len(filled):
        return ()
    effect = design_effect(won, number, by_date.residuals(by_date.won), by_date.dates)[filled]
    low, high = interval_by_date(won[filled], number[filled], effect, by_date.dates[filled], 1 - error / len(filled))
    low, high = np.nan_to_num(low, nan=0.0), np.nan_to_num(high, nan=1.0)
    return tuple(
        BucketDrift(
            bin_ / BINS, (bin_ + 1) / BINS, int(number[bin_]), int(won[bin_]),
            float(expected[bin_] / number[bin_]), float(won[bin_] / number[bin_]), float(lower), float(upper),
        )
        for bin_, lower, upper in zip(filled.tolist(), low, high, strict=True)
    )  # fmt: skip


@dataclass(frozen=True)
class _BinsByDate:
    """Sums of bets by game date and bin: their number, how many were won, and the sum of the confidences."""

    number: Floats
    won: Floats
    expected: Floats

    @classmethod
    def of(cls, confidence: Floats, bets: GradedBets) -> _BinsByDate:
        dates, place = np.unique(bets.day, return_inverse=True)
        cell, cells = place * BINS + bin_of(confidence), len(dates) * BINS
        sums = (np.bincount(cell, of, cells) for of in (bets.number, bets.won, confidence * bets.number))
        return cls(*(total.astype(np.float64).reshape(len(dates), BINS) for total in sums))

    @property
    def dates(self) -> Counts:
        """The number of dates with bets, of each bin."""
        counts: Counts = (self.number > 0).sum(axis=0)
        return counts

    def residuals(self, values: Floats) -> Floats:
        """The sum over dates of (value - mean per bet * bets)^2, of each bin. values: by date and bin."""
        number = self.number.sum(axis=0)
        ratio = values.sum(axis=0) / np.maximum(number, 1)
        products, squares = (values * self.number).sum(axis=0), (self.number**2).sum(axis=0)
        return square_sum((values**2).sum(axis=0), products, squares, ratio)


def bin_of(confidence: Floats) -> Counts:
    """The bin, 0 to 9; 1 is in the last one. The tolerance puts 0.3 into its own bin whatever its last bit is."""
    bins: Counts = np.minimum(np.floor(confidence * BINS + 1e-9), BINS - 1).astype(np.int64)
    return bins


@dataclass(frozen=True)
class Scores:
    """Mean scores of confidences on bets; lower is better. All NaN without bets.

    ece_noise, ece_noise_high: the calibration error that perfectly calibrated forecasts of as many bets, on the same
    dates, have by chance: its mean, and the value that 5 % of them exceed.
    """

    bets: int
    log_loss: float
    brier: float
    ece: float
    ece_noise: float = np.nan
    ece_noise_high: float = np.nan


def scores(confidence: Floats, bets: GradedBets) -> Scores:
    """The scores of these confidences, one per entry of the bets."""
    total = bets.total
    if not total:
        return Scores(0, np.nan, np.nan, np.nan)
    by_date = _BinsByDate.of(confidence, bets)
    daily_gaps = by_date.expected - by_date.won
    number, expected = by_date.number.sum(axis=0), by_date.expected.sum(axis=0)
    variances = gap_variance(expected / np.maximum(number, 1), number, by_date.residuals(daily_gaps), by_date.dates)
    losses, brier = log_losses(confidence, bets).sum(), brier_sums(confidence, bets).sum()
    ece = np.abs(daily_gaps.sum(axis=0)).sum() / total
    noise, noise_high = ece_noise(np.sqrt(variances).sum(), variances.sum(), total)
    return Scores(total, float(losses / total), float(brier / total), float(ece), float(noise), float(noise_high))


def log_losses(confidence: Floats, bets: GradedBets) -> Floats:
    """The log loss of each entry, summed over its bets."""
    return log_loss.log_losses(confidence, bets.won, bets.lost)


@dataclass(frozen=True)
class LossDifference:
    """A mean log loss minus another, per bet, on the same bets; below 0 the first is better.

    standard_error: clustered by game date, because bets of one date share its games (Liang and Zeger 1986,
    "Longitudinal data analysis using generalized linear models"); infinite for a single date.
    """

    mean: float
    standard_error: float
    dates: int

    @classmethod
    def of(cls, losses: Floats, others: Floats, bets: GradedBets) -> LossDifference:
        """losses, others: of each entry of the bets, summed over its bets. There must be a bet."""
        differences = losses - others
        mean = float(differences.sum() / bets.total)
        residuals, dates = bets.sums_by_date(differences - mean * bets.number)
        if dates < 2:
            return cls(mean, np.inf, dates)
        return cls(mean, float(np.sqrt((residuals**2).sum() * dates / (dates - 1)) / bets.total), dates)

    @property
    def is_better(self) -> bool:
        """Whether the 95 % interval of the difference, by Student's t over game dates, lies below 0."""
        from scipy.special import stdtrit

        return bool(self.dates > 1 and self.mean < -stdtrit(self.dates - 1, 0.975) * self.standard_error)


def brier_sums(confidence: Floats, bets: GradedBets) -> Floats:
    """The squared error of each entry, summed over its bets."""
    sums: Floats = bets.won * (1 - confidence) ** 2 + bets.lost * confidence**2
    return sums


@dataclass(frozen=True)
class Comparison:
    """The Brier score of a calibration / that of the one it replaced: above 1 it is worse. With a 95 % interval."""

    bets: int
    dates: int
    ratio: float
    ratio_low: float
    ratio_high: float

    @property
    def failed(self) -> bool:
        """Whether it is worse by more than WORSE_BY, beyond chance, on enough bets."""
        enough = self.bets >= MIN_BETS and self.dates >= MIN_DATES
        return enough and self.ratio > 1 + WORSE_BY and self.ratio_low > 1


def compare(calibrated: Floats, replaced: Floats, bets: GradedBets) -> Comparison | None:
    """Compares two calibrations of the same later bets, one confidence per entry.

    None without bets on two dates, or if the replaced one was never wrong.

    The interval is scipy's percentile bootstrap (Efron 1979, "Bootstrap methods: another look at the jackknife") over
    game dates, because bets of one date share its games. A fixed seed gives the same answer for the same bets.
    """
    if not bets.total:
        return None
    own, other = (bets.sums_by_date(brier_sums(confidence, bets))[0] for confidence in (calibrated, replaced))
    if len(own) < 2 or not other.sum():
        return None
    low, high = _ratio_interval(own, other)
    return Comparison(bets.total, len(own), float(own.sum() / other.sum()), low, high)


def _ratio_interval(own: Floats, other: Floats) -> tuple[float, float]:
    from scipy.stats import bootstrap

    def ratio(of: Floats, to: Floats, axis: int = -1) -> Floats:
        sums = of.sum(axis), to.sum(axis)
        quotients: Floats = np.divide(*sums, out=np.full(np.shape(sums[1]), np.inf), where=sums[1] > 0)
        return quotients

    with np.errstate(invalid="ignore"):  # ratios that are infinite have no standard error, which is not used
        result = bootstrap(
            (own, other), ratio, paired=True, vectorized=True, n_resamples=_RESAMPLES, confidence_level=1 - FALSE_ALARM,
            method="percentile", rng=np.random.default_rng(_SEED),
        )  # fmt: skip
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
