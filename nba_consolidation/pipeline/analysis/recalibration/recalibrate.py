"""The use case: for a game date, each system's drift, and a new calibration where that is real and one is better.

What is decided for a date depends on bets before it and on what was decided for earlier dates, and on nothing else: to
ask again gives the same versions, and writes nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib import metadata
from typing import Any

import numpy as np
import pyarrow as pa

from nba_consolidation.fencing.fenced_writer import FencedWriter, LeasedDates, log_outcome
from nba_consolidation.leases import Holder
from nba_consolidation.observability import log_event
from nba_consolidation.pipeline.analysis.performance.windows import season_of
from nba_consolidation.pipeline.analysis.recalibration.bets import STEPS, Bets
from nba_consolidation.pipeline.analysis.recalibration.candidates import fit
from nba_consolidation.pipeline.analysis.recalibration.drift import BucketDrift, drift
from nba_consolidation.pipeline.analysis.recalibration.rollback import Comparison, compared
from nba_consolidation.pipeline.analysis.recalibration.selection import BETS_TO_FIT, NO_CHANGE, Trial, walk_forward
from nba_consolidation.pipeline.analysis.recalibration.versions import (
    HISTORY,
    Event,
    History,
    State,
    Version,
    calibration_of,
    decided,
    read_history,
)
from nba_consolidation.schema import ALL_TABLES, CALIBRATION_EVENTS, CALIBRATION_VERSIONS, Table
from nba_consolidation.settings import today
from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation.warehouse.interface import Row, Warehouse

LOCK_TYPE = "recalibration"
WINDOW_DAYS = 30
MAJOR_SHIFT = 0.10
BETS_NEEDED = 200
"""With fewer a system is not judged by itself: a hit rate is then known to 7 points either way."""
_DECIMALS = 6
_WRITTEN = ("lease_token", "run_id", "computed_at", "recorded_at")
_AUDITS = ("duplicate_calibrations",)
_log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What came of a system's recalibration for a date."""

    NOT_ENOUGH = "not enough"
    STEADY = "steady"
    NO_CHANGE = "no change"
    ACTIVE = "active"
    WAITING = "waiting"
    STANDS = "stands"


@dataclass(frozen=True)
class Decision:
    """What was decided about one system for one game date, and why.

    outcome: not enough (bets to tell), steady (no drift), no change (nothing beats what stands), active, waiting (for
    approval), or stands (this very version was decided on before, or a later date was). drift: of the confidences as
    they came, by bucket.
    rolled_back: the version that this date took back, if any; comparison: why. superseded: versions of this very date
    that no longer hold, since its bets were corrected.
    """

    game_date: dt.date
    system_id: str
    outcome: Outcome
    reason: str
    bets: int
    in_force: str | None
    version: Version | None = None
    drift: tuple[BucketDrift, ...] = ()
    trial: Trial | None = None
    rolled_back: str | None = None
    comparison: Comparison | None = None
    superseded: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecalibrationReport:
    """What was decided, by date and system, and how many rows that wrote. Times of the lease are in milliseconds."""

    run_id: str
    decisions: tuple[Decision, ...]
    versions_written: int
    events_written: int
    seconds: float
    lease_wait_ms: int = 0
    lease_hold_ms: int = 0

    def of(self, date: dt.date) -> list[Decision]:
        """The decisions for one date."""
        return [one for one in self.decisions if one.game_date == date]

    @property
    def rolled_back(self) -> list[Decision]:
        return [one for one in self.decisions if one.rolled_back]


@dataclass(frozen=True)
class Policy:
    """What can be set. window_days: of bets before the date. major_shift: of confidence, which waits for a person."""

    window_days: int = WINDOW_DAYS
    major_shift: float = MAJOR_SHIFT


@dataclass(frozen=True)
class Window:
    """The bets that a date may see: those of each system and of all, before the date, in its season."""

    date: dt.date
    first: dt.date
    by_system: Mapping[str, Bets]

    @classmethod
    def of(cls, date: dt.date, days: int, bets: Mapping[str, Bets]) -> Window:
        """From bets of any dates."""
        first = max(date - dt.timedelta(days), season_of(date).first)
        inside = {system: found.between(first, date) for system, found in bets.items()}
        return cls(date, first, {system: found for system, found in inside.items() if found.total})

    def own(self, system_id: str) -> Bets:
        """Those of one system; none where it has none."""
        return self.by_system.get(system_id, Bets.of(()))

    @property
    def pooled(self) -> Bets:
        """Those of all systems."""
        return Bets.together([self.by_system[system] for system in sorted(self.by_system)] or [Bets.of(())])


def decide(
    system_id: str, window: Window, history: History, policy: Policy, *, approve: str | None
) -> tuple[Decision, History]:
    """What becomes of one system for the date of the window; the history with it. Reads and writes nothing.

    history: of earlier dates counts; what stands of this date or a later one is not looked at, but to find that the
    same version was proposed before, or that another one was, which then holds no more. approve: who lets a major
    change become active.
    """
    decision, history = _decided(system_id, window, history, policy, approve=approve)
    superseded, history = _superseded(decision, history)
    in_force = history.in_force(system_id, window.date)
    return replace(decision, superseded=superseded, in_force=in_force.version_id if in_force else None), history


def _superseded(decision: Decision, history: History) -> tuple[tuple[str, ...], History]:
    """Versions of the date that other results had led to, before a box score was corrected: they hold no more.

    While their successor waits for a person, one that is active stays.
    """
    date, others = decision.game_date, []
    decided_on = decision.version.version_id if decision.version else None
    waits = decision.version is not None and history.state(decision.version) is State.PROPOSED
    for one in history.versions:
        if (one.system_id, one.game_date) != (decision.system_id, date) or one.version_id == decided_on:
            continue
        active = history.event(one, State.ACTIVE)
        held = active is not None and history.holding(one, active.effective_date) is not None
        if (held and not waits) or history.state(one) is State.PROPOSED:
            others.append(one)
    for one in others:
        reason = f"{date} was decided anew: {decision.outcome.value}"
        history = history.with_event(history.happened(one, State.SUPERSEDED, date, reason))
    return tuple(one.version_id for one in others), history


def _decided(
    system_id: str, window: Window, history: History, policy: Policy, *, approve: str | None
) -> tuple[Decision, History]:
    date, own = window.date, window.own(system_id)
    standing = history.in_force(system_id, date - dt.timedelta(1))
    standing, failed, comparison, history = _rolled_back(standing, window, history)

    def decision(outcome: Outcome, reason: str, **more: Any) -> Decision:
        in_force = history.in_force(system_id, date)
        return Decision(
            date, system_id, outcome, reason, own.total, in_force.version_id if in_force else None,
            rolled_back=failed.version_id if failed else None, comparison=comparison, **more,
        )  # fmt: skip

    if not own.total:
        return decision(Outcome.NOT_ENOUGH, f"no decided bet from {window.first} on"), history
    scope, bets = ("system", own) if own.total >= BETS_NEEDED else ("pooled", window.pooled)
    if bets.total < BETS_NEEDED:
        reason = f"{own.total} decided bets, {bets.total} of all systems; {BETS_NEEDED} are needed"
        return decision(Outcome.NOT_ENOUGH, reason), history
    found = drift(bets.confidence, bets)
    drifting = [bucket for bucket in (*found, *_published_drift(standing, own, date)) if bucket.drifts]
    if not drifting:
        return decision(Outcome.STEADY, _steady(found, bets.total), drift=found), history
    trial = walk_forward(bets, bets, date)
    if trial is None:
        reason = f"it drifts, but no week has {BETS_TO_FIT} bets before it: nothing could be judged on what came later"
        return decision(Outcome.NOT_ENOUGH, reason, drift=found), history
    if trial.best.method == NO_CHANGE and calibration_of(standing).method == NO_CHANGE:
        reason = "it drifts, but no calibration is better than none by more than a standard error"
        return decision(Outcome.NO_CHANGE, reason, drift=found, trial=trial), history
    if scope == "pooled" and (against := _own_bets_against(own, bets, trial, date)):
        return decision(Outcome.NO_CHANGE, against, drift=found, trial=trial), history
    largest_gap = max((bucket.gap for bucket in drifting), key=abs)
    version = _version(system_id, window, scope, bets, standing, trial, largest_gap, policy)
    return _published(version, decision, history, found, trial, approve)


def _published_drift(standing: Version | None, own: Bets, date: dt.date) -> tuple[BucketDrift, ...]:
    """That of the calibration in force, on bets later than those it was fitted on."""
    if standing is None:
        return ()
    later = own.between(standing.game_date, date)
    return drift(standing.calibration(later.confidence), later)


def _rolled_back(
    standing: Version | None, window: Window, history: History
) -> tuple[Version | None, Version | None, Comparison | None, History]:
    """What stands once a version that failed is taken back; that version; how it was found out; the history with it."""
    active = history.event(standing, State.ACTIVE) if standing else None
    if standing is None or active is None:
        return standing, None, None, history
    replaced = history.replaced(standing)
    later = window.own(standing.system_id).between(active.effective_date, window.date)
    comparison = compared(standing.calibration, calibration_of(replaced), later)
    if comparison is None or not comparison.failed:
        return standing, None, comparison, history
    reason = (
        f"Brier score {comparison.ratio - 1:.0%} worse than what it replaced (95 % interval "
        f"{comparison.ratio_low - 1:+.0%} to {comparison.ratio_high - 1:+.0%}), over {comparison.bets} bets of "
        f"{comparison.dates} dates since {active.effective_date}"
    )
    if not history.event(standing, State.ROLLED_BACK):
        history = history.with_event(history.happened(standing, State.ROLLED_BACK, window.date, reason))
    return replaced, standing, comparison, history


def _steady(found: Sequence[BucketDrift], bets: int) -> str:
    worst = max(found, key=lambda bucket: abs(bucket.gap))
    return (
        f"no bucket is off by more than 5 points, but for chance ({bets} bets; most, {worst.gap:+.3f}, from "
        f"{worst.lower_bound:.1f} to {worst.upper_bound:.1f} on {worst.bets})"
    )


def _own_bets_against(own: Bets, pooled: Bets, trial: Trial, date: dt.date) -> str | None:
    """What the few bets of a system say against a calibration that those of all systems speak for."""
    on_own = walk_forward(pooled, own, date)
    if on_own is None:
        return None
    after = on_own.of(trial.best.method).scores.log_loss
    if after <= on_own.before.log_loss:
        return None
    return (
        f"pooled, {trial.best.method} is better, but not on the {on_own.before.bets} later bets of its own "
        f"(log loss {on_own.before.log_loss:.4f}, {after:.4f})"
    )


def _version(
    system_id: str,
    window: Window,
    scope: str,
    bets: Bets,
    standing: Version | None,
    trial: Trial,
    largest_gap: float,
    policy: Policy,
) -> Version:
    best, own = trial.best, window.own(system_id)
    calibration = fit(best.method, bets)
    shifts = np.abs(calibration(own.confidence) - calibration_of(standing)(own.confidence))
    mean_shift = float(np.average(shifts, weights=own.number))
    scores = {
        f"{name}_{when}": round(getattr(of, name), _DECIMALS)
        for when, of in (("before", trial.before), ("after", best.scores))
        for name in ("log_loss", "brier", "ece")
    }
    return Version(
        system_id=system_id,
        game_date=window.date,
        scope=scope,
        first_date=window.first,
        last_date=window.date - dt.timedelta(1),
        bets=bets.total,
        correct=bets.correct,
        system_bets=own.total,
        method=calibration.method,
        parameters=json.dumps(calibration.parameters),
        curve=calibration.curve,
        replaces=standing.version_id if standing else None,
        mean_shift=round(mean_shift, _DECIMALS),
        is_major=mean_shift > policy.major_shift,
        largest_gap=round(largest_gap, _DECIMALS),
        judged_bets=trial.before.bets,
        code_version=_code_version(),
        **scores,
    )


def _published(
    version: Version,
    decision: Callable[..., Decision],
    history: History,
    found: Sequence[BucketDrift],
    trial: Trial,
    approve: str | None,
) -> tuple[Decision, History]:
    """The version proposed, and active where nobody has to be asked; or as it was decided on before."""
    date, told = version.game_date, {"version": version, "drift": tuple(found), "trial": trial}
    known = any(one.version_id == version.version_id for one in history.versions)
    withdrawn = known and history.withdrawn(version)
    fresh = withdrawn or not known
    if fresh:
        reason = f"{version.method} of {version.bets} bets ({version.scope}); off by {version.largest_gap:+.3f} at most"
        proposed = history.happened(version, State.PROPOSED, date, reason)
        history = history.with_event(proposed) if withdrawn else history.with_version(version, [proposed])
    shift = f"mean shift {version.mean_shift:.3f}"
    if history.undecided(version) and (approve or (fresh and not version.is_major)):
        reason = f"approved with the recalibration; {shift}" if version.is_major else f"a small change: {shift}"
        history = history.with_event(history.happened(version, State.ACTIVE, date, reason, approve))
        return decision(Outcome.ACTIVE, reason, **told), history
    state = history.state(version)
    if fresh and state is State.PROPOSED:
        return decision(Outcome.WAITING, f"a major change waits for approval: {shift}", **told), history
    if fresh:
        reason = f"a major change that nobody is asked about, since a later date was decided: {shift}"
        return decision(Outcome.STANDS, reason, **told), history
    return decision(Outcome.STANDS, f"this version was proposed before: {state.value}", **told), history


def _code_version() -> str:
    try:
        return metadata.version("nba-consolidation")
    except metadata.PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True)
class Recalibrator:
    """Everything a recalibration needs."""

    writer: FencedWriter
    policy: Policy = field(default_factory=Policy)

    def recalibrate(
        self,
        dates: Collection[dt.date],
        holder: Holder,
        *,
        approve: str | None = None,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> RecalibrationReport:
        """Decides for each date in turn, each after what was decided for the ones before; one transaction writes it.

        approve: who approves major changes beforehand; without, they wait. Raises LeaseError, WarehouseError,
        FencedOut, AuditFailed; then nothing was written. A version that is rolled back is logged as an error.
        """
        started, ordered = time.monotonic(), sorted(set(dates))
        if not ordered:
            return RecalibrationReport(holder.run_id, (), 0, 0, 0.0)
        warehouse = self.writer.warehouse
        warehouse.create_tables(ALL_TABLES)
        with self.writer.holding(LOCK_TYPE, [HISTORY, *ordered], holder) as leased:
            on_step("read the bets")
            bets = read_bets(warehouse, _first_needed(ordered[0], self.policy), ordered[-1])
            before = history = read_history(warehouse)
            decisions: list[Decision] = []
            decided_on: list[dt.date] = []
            for date in ordered:
                on_step(f"recalibrate for {date}")
                some, history = recalibrated(
                    Window.of(date, self.policy.window_days, bets), history, self.policy, approve
                )
                decisions += some
                decided_on += [date] * (len(history.events) - len(before.events) - len(decided_on))
            versions, events = history.versions[len(before.versions) :], history.events[len(before.events) :]
            if events:
                _write(leased, ordered, versions, events, decided_on)
        seconds = round(time.monotonic() - started, 3)
        report = RecalibrationReport(
            holder.run_id, tuple(decisions), len(versions), len(events), seconds,
            leased.lease.waited_ms, leased.lease.held_ms,
        )  # fmt: skip
        _tell(report, events, ordered)
        return report

    def decide(
        self, version_id: str, state: State, effective: dt.date | None, reason: str, author: str, holder: Holder
    ) -> Event:
        """A person's decision: ACTIVE approves, REJECTED declines, ROLLED_BACK takes back.

        effective: from which game date on; by default from today, or from the version's first date if that is later.
        Raises NotPossible, LeaseError, WarehouseError, FencedOut, AuditFailed; then nothing was written.
        """
        warehouse = self.writer.warehouse
        warehouse.create_tables(ALL_TABLES)
        date = read_history(warehouse).version(version_id).game_date
        with self.writer.holding(LOCK_TYPE, [HISTORY, date], holder) as leased:
            history = read_history(warehouse)
            active = history.event(history.version(version_id), State.ACTIVE)
            first = active.effective_date if active else date
            made = decided(history, version_id, state, effective or max(first, today()), reason, author)
            _write(leased, [date], (), (made,), [date])
        log_event(
            _log, f"calibration_{made.state.value}", run_id=holder.run_id, version_id=version_id,
            system_id=made.system_id, game_date=made.effective_date, author=author, reason=reason,
        )  # fmt: skip
        return made


def _tell(report: RecalibrationReport, events: Sequence[Event], dates: Sequence[dt.date]) -> None:
    for one in events:
        level = logging.ERROR if one.state is State.ROLLED_BACK else logging.INFO
        log_event(
            _log, f"calibration_{one.state.value}", level, run_id=report.run_id, version_id=one.version_id,
            system_id=one.system_id, game_date=one.effective_date, author=one.author, reason=one.reason,
        )  # fmt: skip
    log_outcome(
        _log, "recalibrated", report.run_id, dates, versions_written=report.versions_written,
        events_written=report.events_written, ms=round(1000 * report.seconds),
        lease_wait_ms=report.lease_wait_ms, lease_hold_ms=report.lease_hold_ms,
    )  # fmt: skip


def recalibrated(
    window: Window, history: History, policy: Policy, approve: str | None = None
) -> tuple[list[Decision], History]:
    """What is decided for one date about each system that has bets in its window, or a calibration for it."""
    standing = {
        one.system_id
        for one in history.versions
        if one.game_date == window.date or history.in_force(one.system_id, window.date)
    }
    decisions = []
    for system_id in sorted({*window.by_system, *standing}):
        decision, history = decide(system_id, window, history, policy, approve=approve)
        decisions.append(decision)
    return decisions, history


def read_bets(warehouse: Warehouse, first: dt.date, before: dt.date) -> dict[str, Bets]:
    """The decided bets of each system, from the first date on and before the other."""
    parameters: dict[str, Value] = {"first_date": first, "before": before, "steps": STEPS}
    by_system: dict[str, list[Row]] = {}
    for row in warehouse.query(Statement("graded_bets", parameters)):
        by_system.setdefault(row["system_id"], []).append(row)
    return {system: Bets.of(rows) for system, rows in by_system.items()}


def _first_needed(date: dt.date, policy: Policy) -> dt.date:
    return date - dt.timedelta(policy.window_days)


def _write(
    leased: LeasedDates,
    dates: Sequence[dt.date],
    versions: Sequence[Version],
    events: Sequence[Event],
    decided_on: Sequence[dt.date],
) -> None:
    """decided_on: for which date each event was decided on: its lease guards the row.

    The history has a lease too, and a fence: whoever writes for another date goes on from what stands.
    """
    added = [event.row() | {"lease_date": date} for event, date in zip(events, decided_on, strict=True)]
    relations = {
        "new_versions": pa.Table.from_pylist([one.row() for one in versions], _schema(CALIBRATION_VERSIONS)),
        "new_events": pa.Table.from_pylist(
            added, _schema(CALIBRATION_EVENTS).append(pa.field("lease_date", pa.date32()))
        ),
    }

    def statements(guarded: Mapping[str, Value]) -> list[Statement]:
        return [
            Statement("add_calibration_versions", guarded, _schema(CALIBRATION_VERSIONS).names),
            Statement("add_calibration_events", guarded, _schema(CALIBRATION_EVENTS).names),
            Statement("duplicate_calibrations", guarded, audit=True),
        ]

    leased.write([HISTORY, *dates], statements, audits=_AUDITS, relations=relations)


def _schema(table: Table) -> pa.Schema:
    return pa.schema([(one.name, arrow_type(one.type)) for one in table.columns if one.name not in _WRITTEN])
