"""The history of calibrations: the versions, the events of each, and which version is in force on a game date.

A version is proposed, then active or rejected. An active one is rolled back, or superseded by the next one or by
another decision for its own date. Rows are only ever added: the state of a version follows from the events.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.schema import CALIBRATION_EVENTS, CALIBRATION_VERSIONS
from nba_consolidation.warehouse.interface import Row, Warehouse
from nba_consolidation.warehouse.table_reads import table_rows

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.recalibration.candidates import Calibration
    from nba_consolidation.pipeline.analysis.recalibration.graded_bets import Floats, GradedBets


class CalibrationState(StrEnum):
    """The state of a version."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"


PROPOSED, ACTIVE, SUPERSEDED, ROLLED_BACK, REJECTED = CalibrationState
CHOICES = {"approve": ACTIVE, "reject": REJECTED, "rollback": ROLLED_BACK}
"""The decisions of a person about a version, and its state then."""
_CHOICE_NEEDS = {ACTIVE: (PROPOSED,), REJECTED: (PROPOSED,), ROLLED_BACK: (ACTIVE, SUPERSEDED)}
_IN_FORCE_OR_NOT = (ACTIVE, ROLLED_BACK, SUPERSEDED)
"""The events that decide whether a version is in force."""
_VERSION_ORDER = itemgetter("system_id", "game_date", "computed_at", "version_id")
_EVENT_ORDER = itemgetter("system_id", "number", "version_id", "state")


class DecisionRefused(ConsolidationError):
    """A version cannot get the state that was asked for, or does not exist."""


@dataclass(frozen=True)
class CalibrationVersion:
    """One calibration, fitted for a game date: a row of confidence_recalibration, which describes the fields.

    Versions of earlier releases have no noise floor and no constant to compare with.
    """

    system_id: str
    game_date: dt.date
    scope: str
    first_date: dt.date
    last_date: dt.date
    bets: int
    correct: int
    system_bets: int
    method: str
    parameters: str
    curve: tuple[float, ...]
    replaces: str | None
    mean_shift: float
    is_major: bool
    largest_gap: float
    judged_bets: int
    log_loss_before: float
    log_loss_after: float
    log_loss_constant: float | None
    brier_before: float
    brier_after: float
    ece_before: float
    ece_after: float
    ece_noise_before: float | None
    ece_noise_high_before: float | None
    ece_noise_after: float | None
    ece_noise_high_after: float | None
    is_informative: bool | None
    code_version: str
    computed_at: dt.datetime | None = field(default=None, compare=False)

    @cached_property
    def version_id(self) -> str:
        """System, game date and a digest: the same calibration on the same bets always has the same id."""
        parts = (self.scope, str(self.first_date), self.bets, self.correct, self.method, self.curve, self.replaces)
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
        return f"{self.system_id}-{self.game_date:%Y%m%d}-{digest}"

    @property
    def calibration(self) -> Calibration:
        from nba_consolidation.pipeline.analysis.recalibration.candidates import Calibration

        return Calibration(self.method, json.loads(self.parameters), self.curve)

    @classmethod
    def from_row(cls, row: Row) -> CalibrationVersion:
        """From a row of the table."""
        return cls(**{column.name: row[column.name] for column in fields(cls)} | {"curve": tuple(row["curve"])})

    def as_row(self) -> Row:
        """As a row of the table, without its lineage."""
        return asdict(self) | {"version_id": self.version_id, "curve": list(self.curve)}


@dataclass(frozen=True)
class CalibrationEvent:
    """A change of state of a version: a row of confidence_recalibration_events, which describes the fields."""

    version_id: str
    system_id: str
    game_date: dt.date
    number: int
    state: CalibrationState
    effective_date: dt.date
    reason: str
    author: str | None = None

    @classmethod
    def from_row(cls, row: Row) -> CalibrationEvent:
        """From a row of the table."""
        return cls(**{column.name: row[column.name] for column in fields(cls)} | {
            "state": CalibrationState(row["state"])})  # fmt: skip

    def as_row(self) -> Row:
        """As a row of the table, without its lineage."""
        return asdict(self) | {"state": self.state.value}


@dataclass(frozen=True)
class CalibrationHistory:
    """All versions and all events, in the order in which they were recorded."""

    versions: tuple[CalibrationVersion, ...] = ()
    events: tuple[CalibrationEvent, ...] = ()

    def version(self, version_id: str) -> CalibrationVersion:
        """The version of that id; raises DecisionRefused."""
        for version in self.versions:
            if version.version_id == version_id:
                return version
        raise DecisionRefused(
            f"calibration {version_id} does not exist. List all: nba-consolidation calibration history"
        )

    def events_of(self, version: CalibrationVersion) -> list[CalibrationEvent]:
        """The events of the version, oldest first."""
        return self._events_by_version.get(version.version_id, [])

    def last_event(self, version: CalibrationVersion, state: CalibrationState) -> CalibrationEvent | None:
        """The last event that gave the version that state, if any."""
        return next((event for event in reversed(self.events_of(version)) if event.state is state), None)

    def last_state(self, version: CalibrationVersion) -> CalibrationState | None:
        """The state of the last event of the version; None if it has none."""
        events = self.events_of(version)
        return events[-1].state if events else None

    def activation(self, version: CalibrationVersion, date: dt.date) -> CalibrationEvent | None:
        """The event that makes the version active on that date, if the last one up to the date does."""
        decisive = [
            event for event in self.events_of(version)
            if event.state in _IN_FORCE_OR_NOT and event.effective_date <= date
        ]  # fmt: skip
        return decisive[-1] if decisive and decisive[-1].state is ACTIVE else None

    def in_force(self, system_id: str, date: dt.date) -> CalibrationVersion | None:
        """The version that calibrates the system on that date, by the rule of calibrations_in_force.sql."""
        active = [
            (event.effective_date, event.number, version.version_id, version)
            for version in self.versions
            if version.system_id == system_id and (event := self.activation(version, date))
        ]
        return max(active, key=lambda entry: entry[:3])[3] if active else None

    def calibrated(self, system_id: str, bets: GradedBets) -> Floats:
        """The confidence of each entry, calibrated by the version in force on its date, as consumers read it."""
        import numpy as np

        confidence = bets.confidence.copy()
        for day in np.unique(bets.day):
            of_day = bets.day == day
            version = self.in_force(system_id, dt.date.fromordinal(int(day)))
            confidence[of_day] = calibration_of(version)(bets.confidence[of_day])
        return confidence

    def state(self, version: CalibrationVersion) -> CalibrationState:
        """The state of the version now."""
        for final in (REJECTED, ROLLED_BACK):
            if self.last_event(version, final):
                return final
        if self.last_state(version) is SUPERSEDED:
            return SUPERSEDED
        active, proposed = self.last_event(version, ACTIVE), self.last_event(version, PROPOSED)
        if active and not (proposed and proposed.number > active.number):
            last = self.in_force(version.system_id, dt.date.max)
            return ACTIVE if last and last.version_id == version.version_id else SUPERSEDED
        return SUPERSEDED if any(self._is_later(other, version) for other in self.versions) else PROPOSED

    def waiting(self) -> list[CalibrationVersion]:
        """The versions that somebody has to approve or reject."""
        return [version for version in self.versions if self.state(version) is PROPOSED]

    def with_version(self, version: CalibrationVersion) -> CalibrationHistory:
        """The history with one more version."""
        return CalibrationHistory((*self.versions, version), self.events)

    def with_event(
        self,
        version: CalibrationVersion,
        state: CalibrationState,
        date: dt.date,
        reason: str,
        author: str | None = None,
    ) -> CalibrationHistory:
        """The history with one more event of the version. date: the game date from which it is effective."""
        system_id = version.system_id
        number = 1 + max((event.number for event in self.events if event.system_id == system_id), default=0)
        event = CalibrationEvent(
            version.version_id, system_id, version.game_date, number, state, date, reason, author
        )  # fmt: skip
        return CalibrationHistory(self.versions, (*self.events, event))

    @cached_property
    def _events_by_version(self) -> dict[str, list[CalibrationEvent]]:
        by_version: dict[str, list[CalibrationEvent]] = {}
        for event in sorted(self.events, key=lambda event: (event.number, event.state)):
            by_version.setdefault(event.version_id, []).append(event)
        return by_version

    def _is_later(self, version: CalibrationVersion, other: CalibrationVersion) -> bool:
        """Whether a version of the same system was fitted for a later date, or later for the same date."""
        proposals = [self.last_event(one, PROPOSED) for one in (version, other)]
        first, second = (proposal.number if proposal else 0 for proposal in proposals)
        return version.system_id == other.system_id and (version.game_date, first) > (other.game_date, second)


def calibration_of(version: CalibrationVersion | None) -> Calibration:
    """The calibration of the version; the identity without one."""
    from nba_consolidation.pipeline.analysis.recalibration.candidates import IDENTITY

    return IDENTITY if version is None else version.calibration


def read_history(warehouse: Warehouse, system: str | None = None) -> CalibrationHistory:
    """The recorded history of one system, or of all."""
    versions = table_rows(warehouse, CALIBRATION_VERSIONS, system_id=system)
    events = table_rows(warehouse, CALIBRATION_EVENTS, system_id=system)
    return CalibrationHistory(
        tuple(CalibrationVersion.from_row(row) for row in sorted(versions, key=_VERSION_ORDER)),
        tuple(CalibrationEvent.from_row(row) for row in sorted(events, key=_EVENT_ORDER)),
    )


def with_decision(
    history: CalibrationHistory, version_id: str, state: CalibrationState, date: dt.date, reason: str, author: str
) -> CalibrationHistory:
    """The history with a person's decision: ACTIVE approves, REJECTED declines, ROLLED_BACK rolls back.

    date: the first game date that it is for. Raises DecisionRefused if the version's state does not allow it, or the
    date is before the version's first date.
    """
    version = history.version(version_id)
    now, needed = history.state(version), _CHOICE_NEEDS[state]
    if now not in needed:
        only = " or ".join(possible.value for possible in needed)
        raise DecisionRefused(f"calibration {version_id} is {now.value}. Only {only} ones can become {state.value}")
    first = first_effective_date(history, version)
    if date < first:
        raise DecisionRefused(
            f"calibration {version_id} cannot become {state.value} from {date} on. Its first date is {first}"
        )
    return history.with_event(version, state, date, reason, author)


def first_effective_date(history: CalibrationHistory, version: CalibrationVersion) -> dt.date:
    """The first game date that a decision about the version can be for."""
    active = history.last_event(version, ACTIVE)
    return active.effective_date if active else version.game_date
