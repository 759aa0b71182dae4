"""Which calibration is best: each is fitted on the weeks before one and judged on that one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.recalibration.bets import Bets, Floats
from nba_consolidation.pipeline.analysis.recalibration.candidates import IDENTITY, fitted
from nba_consolidation.pipeline.analysis.recalibration.drift import BINS, BucketDrift, bin_of, drift

NO_CHANGE = IDENTITY.method
TIERS = ((NO_CHANGE,), ("multiplier", "platt", "beta"), ("isotonic",))
"""From the simplest on: no change; at most three parameters; as many steps as the bets will have."""
FOLD = dt.timedelta(7)
BETS_TO_FIT = 100
"""A fit on fewer bets is not tried: they tell a hit rate to 10 points either way."""
_EDGE = 0.0005
"""A certainty that fails costs -ln of this and not infinity, which one bet would decide everything by."""


@dataclass(frozen=True)
class Scores:
    """What confidences were worth on bets that nothing was fitted on. All NaN without bets."""

    bets: int
    log_loss: float
    brier: float
    ece: float


@dataclass(frozen=True)
class Judged:
    """One candidate beside the best one, on the same bets.

    behind: by how much its mean log loss is above the lowest. standard_error: of that difference, game dates being
    drawn, not bets; infinite for a single date. buckets: what was said and what came, by bucket of what was said.
    """

    method: str
    scores: Scores
    behind: float
    standard_error: float
    buckets: tuple[BucketDrift, ...] = ()


@dataclass(frozen=True)
class Trial:
    """Every candidate, judged, from the simplest on; the first is no change."""

    candidates: tuple[Judged, ...]

    @property
    def before(self) -> Scores:
        return self.candidates[0].scores

    @property
    def best(self) -> Judged:
        """The best of the simplest tier that comes within one standard error of the lowest log loss.

        The one-standard-error rule of Breiman et al. (1984), "Classification and regression trees", over paired
        differences: what is lower by chance alone replaces nothing that is simpler.
        """
        for tier in TIERS:
            judged = [one for one in self.candidates if one.method in tier]
            best = min(judged, key=lambda one: one.behind, default=None)
            if best and best.behind <= best.standard_error:
                return best
        raise AssertionError("the lowest log loss is within its own error")

    def of(self, method: str) -> Judged:
        """That candidate; raises KeyError."""
        for one in self.candidates:
            if one.method == method:
                return one
        raise KeyError(method)


def walk_forward(fit_on: Bets, judge_on: Bets, until: dt.date) -> Trial | None:
    """Each candidate judged on the weeks that end with the day before `until`, fitted on what came before each.

    fit_on: bets of the window. judge_on: these, or some of them. None where no week has BETS_TO_FIT bets before it.
    """
    parts: list[tuple[Bets, Mapping[str, Floats]]] = []
    for before, week in _folds(fit_on, judge_on, until):
        parts.append((week, {name: one(week.confidence) for name, one in fitted(before).items()}))
    if not parts:
        return None
    bets = Bets.together([week for week, _ in parts])
    shared = [name for name in parts[0][1] if all(name in said for _, said in parts)]
    said = {name: np.concatenate([values[name] for _, values in parts]) for name in shared}
    losses = {name: log_losses(values, bets) for name, values in said.items()}
    lowest = min(losses.values(), key=lambda loss: float(loss.sum()))
    return Trial(
        tuple(
            Judged(name, scores(values, bets), *_mean_over_dates(losses[name] - lowest, bets), drift(values, bets))
            for name, values in said.items()
        )
    )


def _folds(fit_on: Bets, judge_on: Bets, until: dt.date) -> Iterator[tuple[Bets, Bets]]:
    """From the last week back: the bets before it, and its own."""
    end = until
    while True:
        begin = end - FOLD
        before, week = fit_on.between(dt.date.min, begin), judge_on.between(begin, end)
        if before.total < BETS_TO_FIT:
            return
        if week.total:
            yield before, week
        end = begin


def scores(said: Floats, bets: Bets) -> Scores:
    """What these confidences, one per entry of the bets, were worth."""
    if not bets.total:
        return Scores(0, np.nan, np.nan, np.nan)
    brier = bets.won * (1 - said) ** 2 + bets.lost * said**2
    gaps = np.bincount(bin_of(said), said * bets.number - bets.won, BINS)
    total = bets.total
    return Scores(
        total,
        float(log_losses(said, bets).sum() / total),
        float(brier.sum() / total),
        float(np.abs(gaps).sum() / total),
    )


def log_losses(said: Floats, bets: Bets) -> Floats:
    """-ln of what was given to what came, summed over the bets of each entry."""
    inside = np.clip(said, _EDGE, 1 - _EDGE)
    losses: Floats = np.negative(bets.won * np.log(inside) + bets.lost * np.log1p(-inside))
    return losses


def _mean_over_dates(sums: Floats, bets: Bets) -> tuple[float, float]:
    """The mean over the bets, and its standard error: bets of one date share its games, so dates are the clusters."""
    mean = float(sums.sum() / bets.total)
    _, place = np.unique(bets.day, return_inverse=True)
    residuals = np.bincount(place, sums - mean * bets.number)
    dates = len(residuals)
    if dates < 2:
        return mean, np.inf
    return mean, float(np.sqrt((residuals**2).sum() * dates / (dates - 1)) / bets.total)
