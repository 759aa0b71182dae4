"""Decides about a system for a game date: whether it drifts, and which calibration is in force from then on.

The decision depends only on bets before the date and on decisions for earlier dates, so deciding again gives
the same version. Reads and writes nothing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import metadata

import numpy as np

from nba_consolidation.pipeline.analysis.recalibration.candidates import fit
from nba_consolidation.pipeline.analysis.recalibration.evaluation import (
    FALSE_ALARM,
    BucketDrift,
    Comparison,
    compare,
    drift,
)
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import BetWindow, GradedBets
from nba_consolidation.pipeline.analysis.recalibration.selection import (
    BETS_TO_FIT,
    CONSTANT,
    NO_CHANGE,
    Trial,
    walk_forward,
)
from nba_consolidation.pipeline.analysis.recalibration.versions import (
    ACTIVE,
    PROPOSED,
    ROLLED_BACK,
    SUPERSEDED,
    CalibrationHistory,
    CalibrationVersion,
    calibration_of,
)

WINDOW_DAYS = 30
MAJOR_SHIFT = 0.10
COMPARED_TOGETHER = dt.timedelta(7)
"""Versions that became active within this time before a date are compared together with what was in force before."""
MIN_BETS = 200
"""A system with fewer bets is pooled with all others: with 200, a hit rate is known to within 7 points."""
_DECIMALS = 6


class DecisionOutcome(StrEnum):
    """The outcome of a system's recalibration for a date.

    NOT_ENOUGH: too few bets. STEADY: no drift. NO_CHANGE: it drifts, but no candidate is better. ACTIVE, WAITING: a new
    version is in force, or waits for approval. UNCHANGED: this version, or a later date, was decided before.
    """

    NOT_ENOUGH = "not enough"
    STEADY = "steady"
    NO_CHANGE = "no change"
    ACTIVE = "active"
    WAITING = "waiting"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class RecalibrationPolicy:
    """window_days: of bets before the date. major_shift: a larger mean shift of the confidence waits for approval."""

    window_days: int = WINDOW_DAYS
    major_shift: float = MAJOR_SHIFT


@dataclass(frozen=True)
class CalibrationDecision:
    """The decision about one system for one game date, and its reason.

    in_force: the version in force on the date. drift: of the stated confidences, by bucket. rolled_back: the version
    that this date rolled back, after the comparison. superseded: versions of this date that are no longer valid,
    because box scores were corrected.
    """

    game_date: dt.date
    system_id: str
    outcome: DecisionOutcome
    reason: str
    bets: int
    in_force: str | None = None
    version: CalibrationVersion | None = None
    drift: tuple[BucketDrift, ...] = ()
    trial: Trial | None = None
    rolled_back: str | None = None
    comparison: Comparison | None = None
    superseded: tuple[str, ...] = ()


def decide_all(
    window: BetWindow, history: CalibrationHistory, policy: RecalibrationPolicy, approved_by: str | None = None
) -> tuple[list[CalibrationDecision], CalibrationHistory]:
    """Decides about each system that has bets in the window, or a version; returns the history with the new events.

    approved_by: who approves major changes in advance; they wait without it.
    """
    with_version = {
        version.system_id
        for version in history.versions
        if version.game_date == window.date or history.in_force(version.system_id, window.date)
    }
    decisions = []
    for system_id in sorted({*window.by_system, *with_version}):
        case = _SystemCase(system_id, window, history, policy, approved_by)
        decisions.append(case.decide())
        history = case.history
    return decisions, history


class _SystemCase:
    """The recalibration of one system for one date. `history` grows by the events of the decision."""

    def __init__(
        self, system_id: str, window: BetWindow, history: CalibrationHistory, policy: RecalibrationPolicy,
        approved_by: str | None,
    ) -> None:  # fmt: skip
        self.history = history
        self._system_id, self._window, self._policy, self._approved_by = system_id, window, policy, approved_by
        self._date, self._own = window.date, window.of_system(system_id)
        self._current = history.in_force(system_id, window.date - dt.timedelta(1))
        self._rolled_back: CalibrationVersion | None = None
        self._comparison: Comparison | None = None

    def decide(self) -> CalibrationDecision:
        self._roll_back_if_worse()
        decision = self._decide()
        superseded = self._supersede_others(decision)
        in_force = self.history.in_force(self._system_id, self._date)
        return replace(
            decision,
            in_force=in_force.version_id if in_force else None,
            rolled_back=self._rolled_back.version_id if self._rolled_back else None,
            comparison=self._comparison,
            superseded=superseded,
        )

    def _roll_back_if_worse(self) -> None:
        """Rolls back what is in force if it did worse than what was in force before, on the bets since.

        The bets are those since the current version became active, and at least those of the last week: versions that
        replaced each other within it, as in a daily recalibration, are compared together.
        """
        before = self._date - dt.timedelta(1)
        active = self.history.activation(self._current, before) if self._current else None
        if active is None:
            return
        since = min(active.effective_date, max(self._date - COMPARED_TOGETHER, self._window.first))
        recent = [
            (version, event) for version in self.history.versions if version.system_id == self._system_id
            and (event := self.history.activation(version, before)) and event.effective_date >= since
        ]  # fmt: skip
        since = min(event.effective_date for _, event in recent)
        replaced = self.history.in_force(self._system_id, since - dt.timedelta(1))
        later = self._own.between(since, self._date)
        calibrated = self.history.calibrated(self._system_id, later)
        comparison = compare(calibrated, calibration_of(replaced)(later.confidence), later)
        self._comparison = comparison
        if comparison is None or not comparison.failed:
            return
        reason = (
            f"Brier score {comparison.ratio - 1:.0%} worse than that of the version it replaced (95 % interval "
            f"{comparison.ratio_low - 1:+.0%} to {comparison.ratio_high - 1:+.0%}), over {comparison.bets} bets on "
            f"{comparison.dates} dates since {since}"
        )
        for version, _ in recent:
            if not self.history.last_event(version, ROLLED_BACK):
                self.history = self.history.with_event(version, ROLLED_BACK, self._date, reason)
        self._rolled_back, self._current = self._current, replaced

    def _decide(self) -> CalibrationDecision:
        own, total = self._own, self._own.total
        if not total:
            return self._decision(DecisionOutcome.NOT_ENOUGH, f"no decided bet since {self._window.first}")
        scope, bets = ("system", own) if total >= MIN_BETS else ("pooled", self._window.pooled)
        if bets.total < MIN_BETS:
            reason = f"{total} decided bets, {bets.total} of all systems; at least {MIN_BETS} are needed"
            return self._decision(DecisionOutcome.NOT_ENOUGH, reason)
        stated, of_current = self._drift(bets)
        drifting = [bucket for bucket in (*stated, *of_current) if bucket.drifts]
        if not drifting:
            return replace(self._decision(DecisionOutcome.STEADY, _steady(stated, bets.total)), drift=stated)
        trial = walk_forward(bets, bets, self._date)
        decision = self._choose(scope, bets, trial, max((bucket.gap for bucket in drifting), key=abs))
        return replace(decision, drift=stated, trial=trial)

    def _decision(self, outcome: DecisionOutcome, reason: str) -> CalibrationDecision:
        return CalibrationDecision(self._date, self._system_id, outcome, reason, self._own.total)

    def _drift(self, bets: GradedBets) -> tuple[tuple[BucketDrift, ...], tuple[BucketDrift, ...]]:
        """The drift of the stated confidence, and of the current calibration on bets later than those of its fit.

        If both are examined, each has half of the probability of a false alarm.
        """
        later = self._own.between(self._current.game_date, self._date) if self._current else None
        if self._current is None or later is None or not later.total:
            return drift(bets.confidence, bets), ()
        calibrated = self._current.calibration(later.confidence)
        return drift(bets.confidence, bets, FALSE_ALARM / 2), drift(calibrated, later, FALSE_ALARM / 2)

    def _choose(self, scope: str, bets: GradedBets, trial: Trial | None, largest_gap: float) -> CalibrationDecision:
        """Proposes the best candidate, unless no candidate could be evaluated, or none is better."""
        if trial is None:
            reason = f"it drifts, but no week has {BETS_TO_FIT} bets before it, so nothing can be evaluated"
            return self._decision(DecisionOutcome.NOT_ENOUGH, reason)
        if trial.best.method == NO_CHANGE and calibration_of(self._current).method == NO_CHANGE:
            reason = "it drifts, but no calibration is better than none by more than a standard error"
            return self._decision(DecisionOutcome.NO_CHANGE, reason)
        if scope == "pooled" and (contradiction := self._contradiction(bets, trial)):
            return self._decision(DecisionOutcome.NO_CHANGE, contradiction)
        return self._propose(self._new_version(scope, bets, trial, largest_gap))

    def _contradiction(self, pooled: GradedBets, trial: Trial) -> str | None:
        """Why the few bets of the system contradict a calibration that is better on the bets of all systems."""
        on_own = walk_forward(pooled, self._own, self._date)
        if on_own is None:
            return None
        after = on_own.candidate(trial.best.method).scores.log_loss
        if after <= on_own.before.log_loss:
            return None
        return (
            f"{trial.best.method} is better on the bets of all systems, but not on the {on_own.before.bets} later bets "
            f"of its own (log loss {on_own.before.log_loss:.4f}, {after:.4f})"
        )

    def _new_version(self, scope: str, bets: GradedBets, trial: Trial, largest_gap: float) -> CalibrationVersion:
        calibration, own = fit(trial.best.method, bets), self._own
        shifts = np.abs(calibration(own.confidence) - calibration_of(self._current)(own.confidence))
        mean_shift = float(np.average(shifts, weights=own.number))
        scores = {
            f"{name}_{when}": round(getattr(of, name), _DECIMALS)
            for when, of in (("before", trial.before), ("after", trial.best.scores))
            for name in ("log_loss", "brier", "ece", "ece_noise", "ece_noise_high")
        }
        return CalibrationVersion(
            system_id=self._system_id,
            game_date=self._date,
            scope=scope,
            first_date=self._window.first,
            last_date=self._date - dt.timedelta(1),
            bets=bets.total,
            correct=bets.correct,
            system_bets=own.total,
            method=calibration.method,
            parameters=json.dumps(calibration.parameters),
            curve=calibration.curve,
            replaces=self._current.version_id if self._current else None,
            mean_shift=round(mean_shift, _DECIMALS),
            is_major=mean_shift > self._policy.major_shift,
            largest_gap=round(largest_gap, _DECIMALS),
            judged_bets=trial.before.bets,
            log_loss_constant=round(trial.references[CONSTANT].log_loss, _DECIMALS),
            is_informative=trial.is_informative,
            code_version=_code_version(),
            **scores,
        )

    def _propose(self, version: CalibrationVersion) -> CalibrationDecision:
        """Proposes the version, unless it was proposed before, and activates it if nobody has to approve it."""
        is_new = self._record_proposal(version)
        shift = f"mean shift {version.mean_shift:.3f}"
        undecided = self.history.last_state(version) is PROPOSED
        if undecided and (self._approved_by or (is_new and not version.is_major)):
            reason = f"approved with the recalibration; {shift}" if version.is_major else f"a small change: {shift}"
            self.history = self.history.with_event(version, ACTIVE, self._date, reason, self._approved_by)
            outcome = DecisionOutcome.ACTIVE
        elif not is_new:
            outcome = DecisionOutcome.UNCHANGED
            reason = f"this version was proposed before: {self.history.state(version).value}"
        elif self.history.state(version) is PROPOSED:
            outcome, reason = DecisionOutcome.WAITING, f"a major change waits for approval: {shift}"
        else:
            outcome = DecisionOutcome.UNCHANGED
            reason = f"a major change that needs no approval, since a later date was decided: {shift}"
        return replace(self._decision(outcome, reason), version=version)

    def _record_proposal(self, version: CalibrationVersion) -> bool:
        """Whether the version is new, or was superseded and is valid again."""
        known = any(other.version_id == version.version_id for other in self.history.versions)
        if known and self.history.last_state(version) is not SUPERSEDED:
            return False
        reason = f"{version.method} of {version.bets} bets ({version.scope}); largest gap {version.largest_gap:+.3f}"
        history = self.history if known else self.history.with_version(version)
        self.history = history.with_event(version, PROPOSED, self._date, reason)
        return True

    def _supersede_others(self, decision: CalibrationDecision) -> tuple[str, ...]:
        """Supersedes versions of this date that followed from results before a correction; returns their ids.

        While the new version waits for approval, an active one stays.
        """
        chosen = decision.version
        waits = chosen is not None and self.history.state(chosen) is PROPOSED
        others = [
            version for version in self.history.versions
            if (version.system_id, version.game_date) == (self._system_id, self._date)
            and not (chosen and version.version_id == chosen.version_id)
            and ((self._is_held(version) and not waits) or self.history.state(version) is PROPOSED)
        ]  # fmt: skip
        for version in others:
            reason = f"{self._date} was decided again: {decision.outcome.value}"
            self.history = self.history.with_event(version, SUPERSEDED, self._date, reason)
        return tuple(version.version_id for version in others)

    def _is_held(self, version: CalibrationVersion) -> bool:
        """Whether the version is active on its first date."""
        active = self.history.last_event(version, ACTIVE)
        return active is not None and self.history.activation(version, active.effective_date) is not None


def _steady(buckets: Sequence[BucketDrift], bets: int) -> str:
    largest = max(buckets, key=lambda bucket: abs(bucket.gap))
    return (
        f"no bucket is off by more than 5 points beyond chance ({bets} bets; largest gap {largest.gap:+.3f}, from "
        f"{largest.lower_bound:.1f} to {largest.upper_bound:.1f}, {largest.bets} bets)"
    )


def _code_version() -> str:
    try:
        return metadata.version("nba-consolidation")
    except metadata.PackageNotFoundError:
        return "unknown"
