"""Whether a calibration did worse than what it replaced, on bets that came after it. Nothing is taken back here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.recalibration.bets import Bets, Floats
from nba_consolidation.pipeline.analysis.recalibration.candidates import Calibration

WORSE_BY = 0.10
BETS_NEEDED = 100
DATES_NEEDED = 5
_SAMPLES = 2000
_SEED = 19950101
_ERROR = 0.05


@dataclass(frozen=True)
class Comparison:
    """A calibration's Brier score over that of what it replaced: above 1, it is worse. With its 95 % interval."""

    bets: int
    dates: int
    ratio: float
    ratio_low: float
    ratio_high: float

    @property
    def failed(self) -> bool:
        """Worse by more than WORSE_BY, not by chance, and not on a handful of bets."""
        enough = self.bets >= BETS_NEEDED and self.dates >= DATES_NEEDED
        return enough and self.ratio > 1 + WORSE_BY and self.ratio_low > 1


def compared(after: Calibration, before: Calibration, bets: Bets) -> Comparison | None:
    """Both on the same later bets; None where nothing can be compared.

    The interval is the bootstrap's by percentile (Efron 1979, "Bootstrap methods: another look at the jackknife"), over
    game dates: the bets of one share its games. Its seed is fixed, so that the same bets give the same answer.
    """
    if not bets.total:
        return None
    sums = np.stack([_by_date(_brier(one, bets), bets) for one in (after, before)])
    if not sums[1].sum():
        return None
    dates = sums.shape[1]
    drawn = np.random.default_rng(_SEED).multinomial(dates, np.full(dates, 1 / dates), _SAMPLES)
    worse, kept = (drawn @ sums.T).T
    ratios = np.divide(worse, kept, out=np.full(_SAMPLES, np.inf), where=kept > 0)
    low, high = np.quantile(ratios, [_ERROR / 2, 1 - _ERROR / 2], method="nearest")
    return Comparison(bets.total, dates, float(sums[0].sum() / sums[1].sum()), float(low), float(high))


def _brier(calibration: Calibration, bets: Bets) -> Floats:
    said = calibration(bets.confidence)
    found: Floats = bets.won * (1 - said) ** 2 + bets.lost * said**2
    return found


def _by_date(sums: Floats, bets: Bets) -> Floats:
    _, place = np.unique(bets.day, return_inverse=True)
    summed: Floats = np.bincount(place, sums).astype(np.float64)
    return summed
