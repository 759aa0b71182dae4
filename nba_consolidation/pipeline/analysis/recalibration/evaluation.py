"""How well confidences match results: drift by bucket, scores, and the comparison of two calibrations on later bets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.performance.hit_rate_interval import hit_rate_interval
from nba_consolidation.pipeline.analysis.recalibration.candidates import Calibration
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import Counts, Floats, GradedBets

BINS = 10
DRIFT_LIMIT = 0.05
"""A gap of at most this between mean confidence and hit rate is tolerated."""
WORSE_BY = 0.10
MIN_BETS, MIN_DATES = 100, 5
"""A calibration with fewer later bets, or game dates, is not rolled back."""
_ERROR = 0.05
"""The probability of a false alarm, over all buckets of a system together, and of each comparison."""
_CLIP = 0.0005
"""The log loss of a wrong certainty is -ln of this instead of infinity, so that one bet does not decide everything."""
_RESAMPLES = 2000
_SEED = 19950101


@dataclass(frozen=True)
class BucketDrift:
    """One bucket of confidence that has bets. The interval is Wilson's, at 1 - 5 % / buckets (Bonferroni)."""

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


def drift(confidence: Floats, bets: GradedBets) -> tuple[BucketDrift, ...]:
    """The buckets that have bets. confidence: of each entry of the bets. The intervals hold together, all at once."""
    bins = bin_of(confidence)
    number, won = (np.bincount(bins, counts, BINS).astype(np.int64) for counts in (bets.number, bets.won))
    expected = np.bincount(bins, confidence * bets.number, BINS)
    filled = np.flatnonzero(number)
    if not len(filled):
        return ()
    low, high = hit_rate_interval(won[filled], number[filled], 1 - _ERROR / len(filled))
    return tuple(
        BucketDrift(
            bin_ / BINS, (bin_ + 1) / BINS, int(number[bin_]), int(won[bin_]),
            float(expected[bin_] / number[bin_]), float(won[bin_] / number[bin_]), float(lower), float(upper),
        )
        for bin_, lower, upper in zip(filled.tolist(), low, high, strict=True)
    )  # fmt: skip


def bin_of(confidence: Floats) -> Counts:
    """The bin, 0 to 9; 1 is in the last one. The tolerance puts 0.3 into its own bin whatever its last bit is."""
    bins: Counts = np.minimum(np.floor(confidence * BINS + 1e-9), BINS - 1).astype(np.int64)
    return bins


@dataclass(frozen=True)
class Scores:
    """Mean scores of confidences on bets; lower is better. All NaN without bets."""

    bets: int
    log_loss: float
    brier: float
    ece: float


def scores(confidence: Floats, bets: GradedBets) -> Scores:
    """The scores of these confidences, one per entry of the bets."""
    total = bets.total
    if not total:
        return Scores(0, np.nan, np.nan, np.nan)
    gaps = np.bincount(bin_of(confidence), confidence * bets.number - bets.won, BINS)
    losses, brier = log_losses(confidence, bets).sum(), brier_sums(confidence, bets).sum()
    return Scores(total, float(losses / total), float(brier / total), float(np.abs(gaps).sum() / total))


def log_losses(confidence: Floats, bets: GradedBets) -> Floats:
    """The log loss of each entry, summed over its bets."""
    inside = np.clip(confidence, _CLIP, 1 - _CLIP)
    losses: Floats = np.negative(bets.won * np.log(inside) + bets.lost * np.log1p(-inside))
    return losses


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


def compare(calibration: Calibration, replaced: Calibration, bets: GradedBets) -> Comparison | None:
    """Compares both on the same later bets; None without bets, or if the replaced one was never wrong.

    The interval is a percentile bootstrap (Efron 1979, "Bootstrap methods: another look at the jackknife") over game
    dates, because bets of one date share its games. A fixed seed gives the same answer for the same bets.
    """
    if not bets.total:
        return None
    sums = np.stack([bets.sums_by_date(brier_sums(c(bets.confidence), bets))[0] for c in (calibration, replaced)])
    if not sums[1].sum():
        return None
    dates = sums.shape[1]
    drawn = np.random.default_rng(_SEED).multinomial(dates, np.full(dates, 1 / dates), _RESAMPLES)
    own, other = (drawn @ sums.T).T
    ratios = np.divide(own, other, out=np.full(_RESAMPLES, np.inf), where=other > 0)
    low, high = np.quantile(ratios, [_ERROR / 2, 1 - _ERROR / 2], method="nearest")
    return Comparison(bets.total, dates, float(sums[0].sum() / sums[1].sum()), float(low), float(high))
