"""The policies that give players a status, and how a status is held. A new policy is one entry of `POLICIES`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nba_consolidation.pipeline.analysis.performance.metrics import STANDARD_ODDS, profit
from nba_consolidation.pipeline.analysis.reliability.evidence import Evidence
from nba_consolidation.pipeline.analysis.reliability.player_season import Flags, Integers, PlayerSeason
from nba_consolidation.schema import PLAYER_STATUSES

FALSE_DISCOVERY, EDGE_RULE = "false_discovery", "edge_3_under_40"
EDGE_BETS, EDGE_RATE, EDGE_RATE_OUT = 8, 0.40, 0.45
Q_IN, Q_WATCH, Q_WATCH_OUT = 0.05, 0.20, 0.35
"""False discovery rates: by chance at most a twentieth of the blacklisted players, and a fifth of the watched."""
BREAK_EVEN = 1 / (1 + profit(STANDARD_ODDS))
MIN_HOLD = dt.timedelta(days=14)
"""A status is held at least this long, unless it gets worse."""

STATUS_CODES = {name: code for code, name in enumerate(PLAYER_STATUSES)}
_SEVERITY = np.array([{"blacklisted": 3, "watch": 2, "reliable": 0}.get(name, 1) for name in PLAYER_STATUSES])


@dataclass(frozen=True)
class PolicySignals:
    """The result of a policy's rule, each [t, p]. enters: the code of the status.

    stays: by status, whether a player who has it is still beyond the outer bound and keeps it.
    """

    enters: Integers
    stays: Mapping[str, Flags]


class HeldStatus(NamedTuple):
    """Each [t, p]: the code of the status that is held, and the ordinal of the first date on which it was."""

    status: Integers
    since: Integers


def hold_statuses(signals: PolicySignals, season: PlayerSeason) -> HeldStatus:
    """The status of each player after each game date; at the start of the season nothing is known.

    A status is entered at one bound and left at another, as in a Schmitt trigger (Schmitt 1938), so that a player near
    a bound does not flicker.
    """
    status = np.full(signals.enters.shape, STATUS_CODES["not_enough"])
    since = np.full(signals.enters.shape, season.first.toordinal())
    for row, game_date in enumerate(season.game_dates, start=1):
        next_day = game_date.toordinal() + 1  # the first date for which this game date counts
        before, began = status[row - 1], since[row - 1]
        is_recent = next_day - began < MIN_HOLD.days
        keeps = np.zeros(before.shape, np.bool_)
        for name, stays in signals.stays.items():
            keeps |= (before == STATUS_CODES[name]) & (stays[row] | is_recent)
        keeps &= _SEVERITY[signals.enters[row]] <= _SEVERITY[before]
        status[row] = np.where(keeps, before, signals.enters[row])
        since[row] = np.where(status[row] == before, began, next_day)
    return HeldStatus(status, since)


def _false_discovery(of: Evidence) -> PolicySignals:
    """By his margin worse (or better) than all players, and bets on him lost (or made) money. NaN is neither."""
    margin, rate = of.margins, of.hit_rate
    loses, pays = rate < BREAK_EVEN, rate > BREAK_EVEN
    enters = np.select(
        [
            (margin.worse_q <= Q_IN) & loses,
            (margin.worse_q <= Q_WATCH) & loses,
            (margin.better_q <= Q_IN) & pays,
            margin.enough,
        ],
        [STATUS_CODES[name] for name in ("blacklisted", "watch", "reliable", "normal")],
        STATUS_CODES["not_enough"],
    )
    stays = {
        "blacklisted": ~(margin.worse_q > Q_WATCH) & loses,
        "watch": ~(margin.worse_q > Q_WATCH_OUT) & loses,
        "reliable": ~(margin.better_q > Q_WATCH) & pays,
    }
    return PolicySignals(enters, stays)


def _edge_rule(of: Evidence) -> PolicySignals:
    """At least 8 bets with an edge of 3, under 40 % won: the predecessor's plan, which counts all bets in full."""
    enough = of.edge_bets >= EDGE_BETS
    enters = np.select(
        [enough & (of.edge_rate < EDGE_RATE), enough],
        [STATUS_CODES["blacklisted"], STATUS_CODES["normal"]],
        STATUS_CODES["not_enough"],
    )
    return PolicySignals(enters, {"blacklisted": of.edge_rate < EDGE_RATE_OUT})


POLICIES: Mapping[str, Callable[[Evidence], PolicySignals]] = {FALSE_DISCOVERY: _false_discovery, EDGE_RULE: _edge_rule}
"""The rule of each policy, by name."""
