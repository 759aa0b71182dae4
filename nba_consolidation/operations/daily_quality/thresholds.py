"""All thresholds of the daily quality. `criteria` compares the figures with them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from nba_consolidation.settings import SettingsError, variable


@dataclass(frozen=True)
class Thresholds:
    """The limits of the checks. Raises SettingsError for an impossible value.

    fewest_predictions, most_predictions: active predictions of a game date, of all systems together.
    history_game_days: earlier game days with which the volume is compared. fewest_history_days: with fewer of them it
    is not compared. robust_z: the tolerated deviation of the volume, in robust standard deviations. recent_days:
    calendar days that are searched for duplicates, confidences off the scale and ungraded predictions. most_ungraded:
    validated predictions without a graded row. stale_hours_warned, stale_hours_failed: age of the newest consolidation
    while games are played. system_game_days: earlier game days; a system is expected if it predicted on at least half
    of them. lease_held_minutes: a lease that is held for longer is stuck. lease_expired_minutes: so is one that expired
    longer ago and was not removed. staged_hours_warned, staged_hours_failed: how long a staging table may wait.
    quarantined_share_warned, quarantined_share_failed: of the staged rows of the date.
    """

    fewest_predictions: int = 300
    most_predictions: int = 1000
    history_game_days: int = 14
    fewest_history_days: int = 5
    robust_z: float = 3.5
    recent_days: int = 7
    most_ungraded: int = 50
    stale_hours_warned: float = 30.0
    stale_hours_failed: float = 48.0
    system_game_days: int = 7
    lease_held_minutes: float = 60.0
    lease_expired_minutes: float = 5.0
    staged_hours_warned: float = 1.0
    staged_hours_failed: float = 24.0
    quarantined_share_warned: float = 0.01
    quarantined_share_failed: float = 0.10

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value >= 0):
                raise _wrong(f"{name} cannot be {value}: give a number of 0 or more")
        for name in ("recent_days", "history_game_days", "system_game_days", "fewest_history_days"):
            if getattr(self, name) < 1:
                raise _wrong(f"{name} cannot be {getattr(self, name)}: give 1 or more")
        for low, high in _ORDERED:
            if getattr(self, low) > getattr(self, high):
                raise _wrong(f"{low} ({getattr(self, low)}) is above {high} ({getattr(self, high)})")

    @classmethod
    def of(cls, changed: Mapping[str, float]) -> Thresholds:
        """The defaults, except for these."""
        kinds = {field.name: field.type for field in fields(cls)}
        for name, value in changed.items():
            if name not in kinds:
                raise _wrong(f"{name} is not a threshold; the thresholds are {', '.join(kinds)}")
            if kinds[name] == "int" and value != int(value):
                raise _wrong(f"{name} cannot be {value}: give a whole number")
        return cls(**{name: int(value) if kinds[name] == "int" else value for name, value in changed.items()})  # type: ignore[arg-type]


_ORDERED = (
    ("fewest_predictions", "most_predictions"),
    ("fewest_history_days", "history_game_days"),
    ("stale_hours_warned", "stale_hours_failed"),
    ("staged_hours_warned", "staged_hours_failed"),
    ("quarantined_share_warned", "quarantined_share_failed"),
)


def _wrong(what: str) -> SettingsError:
    return SettingsError(f"{variable('quality_thresholds')}: {what}")
