"""What is known of each calibration: the versions, what happened to them, and which one is in force on a game date.

Proposed, then active or rejected; an active one is rolled back or superseded by the next, or by another decision about
its own date. Nothing is ever changed: a version's state follows from its events and from the versions beside it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cached_property

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.pipeline.analysis.recalibration.candidates import IDENTITY, Calibration
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row, Warehouse


class State(StrEnum):
    """What a version is."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"


CHOICES = {"approve": State.ACTIVE, "reject": State.REJECTED, "rollback": State.ROLLED_BACK}
"""What a person may decide about a version, and what it then is."""
DECISIVE = (State.ACTIVE, State.ROLLED_BACK, State.SUPERSEDED)
"""The events that say whether a version is in force."""


HISTORY = dt.date(1946, 11, 1)
"""Stands for the history of all calibrations among the leases, each of which bears a date: that of the first game."""


class NotPossible(ConsolidationError):
    """A version cannot become what was asked for, or there is none of that id."""


@dataclass(frozen=True)
class Version:
    """One calibration, fitted for a game date: a row of confidence_recalibration, which describes the fields."""

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
    brier_before: float
    brier_after: float
    ece_before: float
    ece_after: float
    code_version: str
    computed_at: dt.datetime | None = field(default=None, compare=False)

    @cached_property
    def version_id(self) -> str:
        """The same for whoever fits the same calibration to the same bets, whenever."""
        what = (self.scope, str(self.first_date), self.bets, self.correct, self.method, self.curve, self.replaces)
        digest = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:8]
        return f"{self.system_id}-{self.game_date:%Y%m%d}-{digest}"

    @property
    def calibration(self) -> Calibration:
        return Calibration(self.method, json.loads(self.parameters), self.curve)

    @classmethod
    def of(cls, row: Row) -> Version:
        """From a row of the table."""
        values = {one.name: row[one.name] for one in fields(cls)}
        return cls(**values | {"curve": tuple(row["curve"])})

    def row(self) -> Row:
        """As the table has it, but for who wrote it when."""
        return asdict(self) | {"version_id": self.version_id, "curve": list(self.curve)}


@dataclass(frozen=True)
class Event:
    """What happened to a version: a row of confidence_recalibration_events, which describes the fields."""

    version_id: str
    system_id: str
    game_date: dt.date
    number: int
    state: State
    effective_date: dt.date
    reason: str
    author: str | None = None

    @classmethod
    def of(cls, row: Row) -> Event:
        """From a row of the table."""
        values = {one.name: row[one.name] for one in fields(cls)}
        return cls(**values | {"state": State(row["state"])})

    def row(self) -> Row:
        """As the table has it, but for who wrote it when."""
        return asdict(self) | {"state": self.state.value}


@dataclass(frozen=True)
class History:
    """All versions, and all that happened, in the order in which it did."""

    versions: tuple[Version, ...] = ()
    events: tuple[Event, ...] = ()

    def version(self, version_id: str) -> Version:
        """The version of that id; raises NotPossible."""
        for one in self.versions:
            if one.version_id == version_id:
                return one
        raise NotPossible(f"there is no calibration {version_id}; nba-consolidation calibration history lists them")

    def of_system(self, system_id: str) -> History:
        """What is known of one system."""
        return History(
            tuple(one for one in self.versions if one.system_id == system_id),
            tuple(one for one in self.events if one.system_id == system_id),
        )

    def event(self, version: Version, state: State) -> Event | None:
        """When and why it last became that, if it did."""
        return next((one for one in reversed(self.events_of(version)) if one.state is state), None)

    def events_of(self, version: Version) -> list[Event]:
        """What happened to it, in the order in which it did."""
        return self._events.get(version.version_id, [])

    def undecided(self, version: Version) -> bool:
        """Whether it was proposed, and nothing happened to it since."""
        happened = self.events_of(version)
        return bool(happened) and happened[-1].state is State.PROPOSED

    def withdrawn(self, version: Version) -> bool:
        """Whether its own date was decided otherwise since, and not again as it has it."""
        happened = self.events_of(version)
        return bool(happened) and happened[-1].state is State.SUPERSEDED

    def holding(self, version: Version, date: dt.date) -> Event | None:
        """The event that makes it active on that date, if the last one about that date does."""
        decisive = [one for one in self.events_of(version) if one.state in DECISIVE and one.effective_date <= date]
        return decisive[-1] if decisive and decisive[-1].state is State.ACTIVE else None

    @cached_property
    def _events(self) -> dict[str, list[Event]]:
        by_version: dict[str, list[Event]] = {}
        for one in sorted(self.events, key=lambda event: (event.number, event.state)):
            by_version.setdefault(one.version_id, []).append(one)
        return by_version

    def in_force(self, system_id: str, date: dt.date) -> Version | None:
        """What calibrates the system's predictions of that date: calibrations_in_force.sql has the same rule."""
        return self._last_active(system_id, date, without=None)

    def replaced(self, version: Version) -> Version | None:
        """What would be in force from its first date on, were it not for an active version."""
        active = self.event(version, State.ACTIVE)
        return self._last_active(version.system_id, active.effective_date, without=version) if active else None

    def state(self, version: Version) -> State:
        """What it is now."""
        for final in (State.REJECTED, State.ROLLED_BACK):
            if self.event(version, final):
                return final
        if self.withdrawn(version):
            return State.SUPERSEDED
        active, proposed = self.event(version, State.ACTIVE), self.event(version, State.PROPOSED)
        if active and not (proposed and proposed.number > active.number):
            last = self._last_active(version.system_id, dt.date.max, without=None)
            return State.ACTIVE if last and last.version_id == version.version_id else State.SUPERSEDED
        later = [one for one in self.versions if one.system_id == version.system_id and self._after(one, version)]
        return State.SUPERSEDED if later else State.PROPOSED

    def waiting(self) -> list[Version]:
        """What somebody has to approve or reject."""
        return [one for one in self.versions if self.state(one) is State.PROPOSED]

    def with_version(self, version: Version, events: Sequence[Event]) -> History:
        """With one more, and what happened to it."""
        return History((*self.versions, version), (*self.events, *events))

    def happened(self, version: Version, state: State, date: dt.date, reason: str, author: str | None = None) -> Event:
        """The next event of its system."""
        number = 1 + max((one.number for one in self.events if one.system_id == version.system_id), default=0)
        return Event(version.version_id, version.system_id, version.game_date, number, state, date, reason, author)

    def with_event(self, event: Event) -> History:
        """With one more thing that happened."""
        return History(self.versions, (*self.events, event))

    def _last_active(self, system_id: str, date: dt.date, without: Version | None) -> Version | None:
        found: list[tuple[dt.date, int, Version]] = []
        for one in self.versions:
            if one.system_id != system_id or (without and one.version_id == without.version_id):
                continue
            active = self.holding(one, date)
            if active is not None:
                found.append((active.effective_date, active.number, one))
        return max(found, key=lambda one: (*one[:2], one[2].version_id))[2] if found else None

    def _after(self, one: Version, other: Version) -> bool:
        """Whether one was fitted for a later date, or anew for the same one."""
        proposed = [self.event(version, State.PROPOSED) for version in (one, other)]
        numbers = [event.number if event else 0 for event in proposed]
        return (one.game_date, numbers[0]) > (other.game_date, numbers[1])


def calibration_of(version: Version | None) -> Calibration:
    """The version's; confidences as they came where there is none."""
    return IDENTITY if version is None else version.calibration


def read_history(warehouse: Warehouse, system: str | None = None) -> History:
    """What stands, of one system, or of each."""
    rows = [
        warehouse.query(Statement(name, {"system_id": system}))
        for name in ("calibration_versions", "calibration_events")
    ]
    return History(tuple(Version.of(row) for row in rows[0]), tuple(Event.of(row) for row in rows[1]))


def decided(history: History, version_id: str, state: State, date: dt.date, reason: str, author: str) -> Event:
    """The event of a person's decision: ACTIVE approves a proposal, REJECTED declines it, ROLLED_BACK takes it back.

    date: from which game date on. Raises NotPossible where its state does not allow that, or the date is too early.
    """
    version = history.version(version_id)
    now, allowed = history.state(version), _ALLOWED[state]
    if now not in allowed:
        wanted = " or ".join(one.value for one in allowed)
        raise NotPossible(
            f"calibration {version_id} is {now.value}, so it cannot become {state.value}: only {wanted} can"
        )
    active = history.event(version, State.ACTIVE)
    first = active.effective_date if active else version.game_date
    if date < first:
        raise NotPossible(
            f"calibration {version_id} cannot become {state.value} from {date} on: {first} is its first date"
        )
    return history.happened(version, state, date, reason, author)


_ALLOWED = {
    State.ACTIVE: (State.PROPOSED,),
    State.REJECTED: (State.PROPOSED,),
    State.ROLLED_BACK: (State.ACTIVE, State.SUPERSEDED),
}
