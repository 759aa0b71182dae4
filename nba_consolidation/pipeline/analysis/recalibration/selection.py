"""Which candidate calibration is best: each is fitted to the weeks before a week and evaluated on that week."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.recalibration.candidates import IDENTITY, fit_all
from nba_consolidation.pipeline.analysis.recalibration.evaluation import BucketDrift, Scores, drift, log_losses, scores
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import Floats, GradedBets

NO_CHANGE = IDENTITY.method
TIERS = ((NO_CHANGE,), ("multiplier", "platt", "beta"), ("isotonic",))
"""From simple to complex: no change, at most three parameters, any number of steps."""
FOLD = dt.timedelta(7)
BETS_TO_FIT = 100
"""The fewest bets that a candidate is fitted to: with 100, a hit rate is known to within 10 points."""


@dataclass(frozen=True)
class EvaluatedCandidate:
    """The scores of one candidate beside the best one, on the same bets.

    behind: its mean log loss above the lowest. standard_error: of that difference, over game dates; infinite for a
    single date. buckets: its mean confidence and the hit rate, by bucket of its confidence.
    """

    method: str
    scores: Scores
    behind: float
    standard_error: float
    buckets: tuple[BucketDrift, ...] = ()


@dataclass(frozen=True)
class Trial:
    """Every candidate, evaluated, from simple to complex; the first one is no change."""

    candidates: tuple[EvaluatedCandidate, ...]

    @property
    def before(self) -> Scores:
        """The scores without any calibration."""
        return self.candidates[0].scores

    @property
    def best(self) -> EvaluatedCandidate:
        """The best candidate of the simplest tier that comes within one standard error of the lowest log loss.

        The one-standard-error rule (Breiman et al. 1984, "Classification and regression trees") on paired differences:
        a candidate that is better only by chance does not replace a simpler one.
        """
        for tier in TIERS:
            of_tier = [candidate for candidate in self.candidates if candidate.method in tier]
            best = min(of_tier, key=lambda candidate: candidate.behind, default=None)
            if best and best.behind <= best.standard_error:
                return best
        raise AssertionError("the lowest log loss is within its own error")

    def candidate(self, method: str) -> EvaluatedCandidate:
        """The candidate of that method; raises KeyError."""
        return {candidate.method: candidate for candidate in self.candidates}[method]


def walk_forward(fit_on: GradedBets, evaluate_on: GradedBets, until: dt.date) -> Trial | None:
    """Evaluates each candidate on the weeks that end the day before `until`, fitted to the bets before each week.

    fit_on: the bets of the window. evaluate_on: these, or some of them. None if no week has BETS_TO_FIT bets before it.
    """
    parts: list[tuple[GradedBets, Mapping[str, Floats]]] = []
    for before, week in _folds(fit_on, evaluate_on, until):
        parts.append((week, {name: calibrate(week.confidence) for name, calibrate in fit_all(before).items()}))
    if not parts:
        return None
    bets = GradedBets.concatenated([week for week, _ in parts])
    fitted_everywhere = [name for name in parts[0][1] if all(name in calibrated for _, calibrated in parts)]
    confidences = {name: np.concatenate([calibrated[name] for _, calibrated in parts]) for name in fitted_everywhere}
    losses = {name: log_losses(confidence, bets) for name, confidence in confidences.items()}
    lowest = min(losses.values(), key=lambda loss: float(loss.sum()))
    return Trial(
        tuple(
            EvaluatedCandidate(
                name, scores(confidence, bets), *_mean_over_dates(losses[name] - lowest, bets), drift(confidence, bets)
            )
            for name, confidence in confidences.items()
        )
    )


def _folds(fit_on: GradedBets, evaluate_on: GradedBets, until: dt.date) -> Iterator[tuple[GradedBets, GradedBets]]:
    """The bets before each week, and those of the week, from the last week back."""
    end = until
    while True:
        begin = end - FOLD
        before, week = fit_on.between(dt.date.min, begin), evaluate_on.between(begin, end)
        if before.total < BETS_TO_FIT:
            return
        if week.total:
            yield before, week
        end = begin


def _mean_over_dates(sums: Floats, bets: GradedBets) -> tuple[float, float]:
    """The mean per bet and its standard error. Bets of one date share its games, so the clusters are the dates."""
    mean = float(sums.sum() / bets.total)
    residuals, dates = bets.sums_by_date(sums - mean * bets.number)
    if dates < 2:
        return mean, np.inf
    return mean, float(np.sqrt((residuals**2).sum() * dates / (dates - 1)) / bets.total)
