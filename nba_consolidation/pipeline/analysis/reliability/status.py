"""From what a policy says each date to a status that holds: in at one bound, out at another, and not out at once.

The two bounds are those of a Schmitt trigger (Schmitt 1938): what wanders about one of them does not flicker.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nba_consolidation.pipeline.analysis.reliability.player_season import Flags, Season, Whole
from nba_consolidation.schema import PLAYER_STATUSES

HELD = dt.timedelta(days=14)
"""A status that says something lasts so long at least, unless it gets worse."""

CODE = {name: code for code, name in enumerate(PLAYER_STATUSES)}
_SEVERITY = np.array([{"blacklisted": 3, "watch": 2, "reliable": 0}.get(name, 1) for name in PLAYER_STATUSES])


@dataclass(frozen=True)
class Signals:
    """What a policy says, each [t, p]. enters: the code of the status that its rule gives.

    stays: by status, whether one who has it is still beyond the outer bound, so that he keeps it.
    """

    enters: Whole
    stays: Mapping[str, Flags]


class Held(NamedTuple):
    """Each [t, p]: the code of the status that holds, and the ordinal of the first date on which it did."""

    status: Whole
    since: Whole


def held(signals: Signals, season: Season) -> Held:
    """What holds after each game date, from the first one of the season on; the season begins with nothing known."""
    status = np.full(signals.enters.shape, CODE["not_enough"])
    since = np.full(signals.enters.shape, season.first.toordinal())
    for row, game_date in enumerate(season.game_dates, start=1):
        morning = game_date.toordinal() + 1  # the first date for which this game date is known
        was, began = status[row - 1], since[row - 1]
        young = morning - began < HELD.days
        keeps = np.zeros(was.shape, np.bool_)
        for name, stays in signals.stays.items():
            keeps |= (was == CODE[name]) & (stays[row] | young)
        keeps &= _SEVERITY[signals.enters[row]] <= _SEVERITY[was]
        status[row] = np.where(keeps, was, signals.enters[row])
        since[row] = np.where(status[row] == was, began, morning)
    return Held(status, since)
