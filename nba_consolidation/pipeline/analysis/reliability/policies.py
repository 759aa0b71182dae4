"""The policies by which players are judged, by name. Adding one is one line in `POLICIES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.performance.metrics import STANDARD_ODDS, profit
from nba_consolidation.pipeline.analysis.reliability.evidence import ENOUGH, Evidence
from nba_consolidation.pipeline.analysis.reliability.status import CODE, Signals

FALSE_DISCOVERY, EDGE_RULE = "false_discovery", "edge_3_under_40"
EDGE_BETS, EDGE_RATE, EDGE_RATE_OUT = 8, 0.40, 0.45
Q_IN, Q_WATCH, Q_WATCH_OUT = 0.05, 0.20, 0.35
"""False discovery rates: at most a twentieth of the blacklisted are so by chance, at most a fifth of the watched."""
BREAK_EVEN = 1 / (1 + profit(STANDARD_ODDS))


@dataclass(frozen=True)
class Policy:
    """A way to judge: what it means, for people, what it says of the evidence, and of whom it can say something."""

    name: str
    meaning: str
    judge: Callable[[Evidence], Signals]


def _false_discovery(of: Evidence) -> Signals:
    """Stands out of all players, and a bet on him loses (or pays) when drawn towards them. NaN is neither."""
    loses, pays = of.shrunken < BREAK_EVEN, of.shrunken > BREAK_EVEN
    enters = np.select(
        [(of.worse_q <= Q_IN) & loses, (of.worse_q <= Q_WATCH) & loses, (of.better_q <= Q_IN) & pays, of.enough],
        [CODE["blacklisted"], CODE["watch"], CODE["reliable"], CODE["normal"]],
        CODE["not_enough"],
    )
    stays = {
        "blacklisted": ~(of.worse_q > Q_WATCH) & loses,
        "watch": ~(of.worse_q > Q_WATCH_OUT) & loses,
        "reliable": ~(of.better_q > Q_WATCH) & pays,
    }
    return Signals(enters, stays)


def _edge_rule(of: Evidence) -> Signals:
    """Bets as they are counted, however they hang together: so the predecessor planned it."""
    judged = of.edge_bets >= EDGE_BETS
    enters = np.select(
        [judged & (of.edge_rate < EDGE_RATE), judged], [CODE["blacklisted"], CODE["normal"]], CODE["not_enough"]
    )
    return Signals(enters, {"blacklisted": of.edge_rate < EDGE_RATE_OUT})


POLICIES = {
    policy.name: policy
    for policy in (
        Policy(
            FALSE_DISCOVERY,
            f"{ENOUGH:g} effective bets; wins less often than all players at a false discovery rate of {Q_IN:.0%}, and "
            "his shrunken rate loses money at -110",
            _false_discovery,
        ),
        Policy(
            EDGE_RULE,
            f"{EDGE_BETS} decided bets with an edge of 3 points or more, and strictly under {EDGE_RATE:.0%} won",
            _edge_rule,
        ),
    )
}
"""By name."""
