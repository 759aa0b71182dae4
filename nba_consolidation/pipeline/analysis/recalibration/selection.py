"""Which candidate calibration is best: each is fitted to the weeks before a week and evaluated on that week."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.performance import log_loss
from nba_consolidation.pipeline.analysis.recalibration.candidates import IDENTITY, fit_all
from nba_consolidation.pipeline.analysis.recalibration.evaluation import (
    BucketDrift,
    LossDifference,
    Scores,
    drift,
    log_losses,
    scores,
)
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import Floats, GradedBets
from nba_consolidation.schema.display import INFORMATIVE, NOT_INFORMATIVE, calibration_error

NO_CHANGE = IDENTITY.method
CONSTANT, HALF = "constant", "half"
"""References that are never chosen: the hit rate of the bets before each week, and 0.5."""
FOLD = dt.timedelta(7)
BETS_TO_FIT = 100
"""The fewest bets that a candidate is fitted to: with 100, a hit rate is known to within 10 points."""


@dataclass(frozen=True)
class EvaluatedCandidate:
    """The scores of one candidate beside the best one, on the same bets.

    behind: its log loss minus the lowest one of the candidates. against_reference: minus that of the better reference.
    buckets: its mean confidence and the hit rate, by bucket of its confidence.
    """

    method: str
    scores: Scores
    behind: LossDifference
    against_reference: LossDifference
    buckets: tuple[BucketDrift, ...] = ()


@dataclass(frozen=True)
class Trial:
    """Every candidate, evaluated, in order of the number of free parameters; the first one is no change.

    references: CONSTANT and HALF, on the same bets.
    """

    candidates: tuple[EvaluatedCandidate, ...]
    references: Mapping[str, Scores]

    @property
    def before(self) -> Scores:
        """The scores without any calibration."""
        return self.candidates[0].scores

    @property
    def best(self) -> EvaluatedCandidate:
        """The simplest candidate that comes within one standard error of the lowest log loss.

        The one-standard-error rule (Breiman et al. 1984, "Classification and regression trees") on paired differences:
        a candidate that is better only by chance does not replace one with fewer free parameters.
        """
        return next(one for one in self.candidates if one.behind.mean <= one.behind.standard_error)

    @property
    def is_informative(self) -> bool:
        """Whether any candidate beats both references beyond chance: the hit rate so far, and 0.5.

        If none does, the confidence carries no information: it does not tell the bets apart.
        """
        return any(candidate.against_reference.is_better for candidate in self.candidates)

    @property
    def summary(self) -> str:
        """The calibration error of the best candidate beside chance, and its log loss beside the references."""
        best, constant = self.best.scores, self.references[CONSTANT].log_loss
        error = calibration_error(best.ece, best.ece_noise, best.ece_noise_high)
        losses = f"{best.log_loss:.4f}, of the hit rate as a constant {constant:.4f}, of 0.5 {log_loss.HALF:.4f}"
        information = INFORMATIVE if self.is_informative else NOT_INFORMATIVE
        return f"{self.best.method}: {error}; log loss {losses}; {information}"

    def candidate(self, method: str) -> EvaluatedCandidate:
        """The candidate of that method; raises KeyError."""
        return {candidate.method: candidate for candidate in self.candidates}[method]


def walk_forward(fit_on: GradedBets, evaluate_on: GradedBets, until: dt.date) -> Trial | None:
    """Evaluates each candidate on the weeks that end the day before `until`, fitted to the bets before each week.

    fit_on: the bets of the window. evaluate_on: these, or some of them. None if no week has BETS_TO_FIT bets before it.
    """
    parts: list[tuple[GradedBets, dict[str, Floats]]] = []
    for before, week in _folds(fit_on, evaluate_on, until):
        calibrated = {name: calibrate(week.confidence) for name, calibrate in fit_all(before).items()}
        constants = {CONSTANT: before.correct / before.total, HALF: 0.5}
        parts.append((week, calibrated | {name: np.full(len(week.day), at) for name, at in constants.items()}))
    if not parts:
        return None
    bets = GradedBets.concatenated([week for week, _ in parts])
    fitted_everywhere = [name for name in parts[0][1] if all(name in calibrated for _, calibrated in parts)]
    confidences = {name: np.concatenate([calibrated[name] for _, calibrated in parts]) for name in fitted_everywhere}
    losses = {name: log_losses(confidence, bets) for name, confidence in confidences.items()}
    references = {name: confidences.pop(name) for name in (CONSTANT, HALF)}
    lowest, reference = (
        min((losses[name] for name in names), key=lambda loss: float(loss.sum())) for names in (confidences, references)
    )
    candidates = (
        EvaluatedCandidate(
            name,
            scores(confidence, bets),
            LossDifference.of(losses[name], lowest, bets),
            LossDifference.of(losses[name], reference, bets),
            drift(confidence, bets),
        )
        for name, confidence in confidences.items()
    )
    return Trial(tuple(candidates), {name: scores(confidence, bets) for name, confidence in references.items()})


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
