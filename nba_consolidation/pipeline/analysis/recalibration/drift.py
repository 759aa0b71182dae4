"""Drift: where what was promised is not what came. By bucket of confidence, with an interval for chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.recalibration.bets import Bets, Counts, Floats

BINS = 10
LIMIT = 0.05
"""Off by less than this, a confidence is near enough."""
_ERROR = 0.05
"""How often a well calibrated system may be said to drift, over all of its buckets together."""


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
        """Promised - came: above 0, too much was promised."""
        return self.mean_confidence - self.hit_rate

    @property
    def drifts(self) -> bool:
        """More than LIMIT off, and not by chance."""
        inside = self.hit_rate_low <= self.mean_confidence <= self.hit_rate_high
        return abs(self.gap) > LIMIT and not inside


def drift(said: Floats, bets: Bets) -> tuple[BucketDrift, ...]:
    """The buckets that have bets. said: the published confidence of each entry of the bets.

    Intervals after Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    """
    from statsmodels.stats.proportion import proportion_confint

    bins = bin_of(said)
    number, won = (np.bincount(bins, counts, BINS).astype(np.int64) for counts in (bets.number, bets.won))
    promised = np.bincount(bins, said * bets.number, BINS)
    filled = np.flatnonzero(number)
    if not len(filled):
        return ()
    low, high = proportion_confint(won[filled], number[filled], alpha=_ERROR / len(filled), method="wilson")
    return tuple(
        BucketDrift(
            bin_ / BINS, (bin_ + 1) / BINS, int(number[bin_]), int(won[bin_]),
            float(promised[bin_] / number[bin_]), float(won[bin_] / number[bin_]), float(at_least), float(at_most),
        )
        for bin_, at_least, at_most in zip(filled.tolist(), np.clip(low, 0, 1), np.clip(high, 0, 1), strict=True)
    )  # fmt: skip


def bin_of(said: Floats) -> Counts:
    """0 to 9; a confidence of 1 is in the last. 0.3 is in its own bin, whatever its last bit is."""
    bins: Counts = np.minimum(np.floor(said * BINS + 1e-9), BINS - 1).astype(np.int64)
    return bins
