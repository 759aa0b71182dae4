"""The checks of a review, which warn and stop nothing: a policy that flags whom it should not, and players it does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg

from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.schema import BLACKLISTED, PLAYER_RELIABILITY
from nba_consolidation.warehouse.interface import Row

BLACKLISTED_LIMIT = 0.10
"""A policy that blacklists more of those it can judge than this has found something other than bad players."""

FEW_BLACKLISTED, POLICY_HOLDS = "few_blacklisted", "policy_holds"


def specs_of_a_review() -> list[dg.AssetCheckSpec]:
    """The checks that every review emits."""
    return [
        dg.AssetCheckSpec(
            FEW_BLACKLISTED,
            asset=PLAYER_RELIABILITY.name,
            description=f"at most {BLACKLISTED_LIMIT:.0%} of the players of whom enough is known are blacklisted",
        ),
        dg.AssetCheckSpec(
            POLICY_HOLDS,
            asset=PLAYER_RELIABILITY.name,
            description="bets on players whom the acting policy flagged went no better than all others, beyond noise",
        ),
    ]


def few_blacklisted(date: dt.date, players: Sequence[Row]) -> dg.AssetCheckResult:
    """Of a league, few players are hopeless."""
    judged = [row for row in players if row["status"] != "not_enough"]
    found = [row for row in judged if row["status"] == BLACKLISTED]
    columns = ("player_lookup", "reason", "since", "bets", "hit_rate", "hit_rate_low", "hit_rate_high")
    return dg.AssetCheckResult(
        check_name=FEW_BLACKLISTED,
        passed=len(found) <= BLACKLISTED_LIMIT * len(judged),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "game_date": str(date),
            "players_judged": len(judged),
            "blacklisted": len(found),
            "found": table_of([{column: row[column] for column in columns} for row in found]),
        },
    )


def policy_holds(date: dt.date, policies: Sequence[Row]) -> dg.AssetCheckResult:
    """A policy whose flagged players do better afterwards keeps good bets from people."""
    acting = [row for row in policies if row["acting"]]
    columns = ("policy", "bets", "hit_rate", "hit_rate_low", "hit_rate_high", "difference", "verdict")
    return dg.AssetCheckResult(
        check_name=POLICY_HOLDS,
        passed=all(row["verdict"] != "better" for row in acting),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "game_date": str(date),
            "policies": table_of([{column: row[column] for column in columns} for row in acting]),
        },
    )


def all_results(date: dt.date, players: Sequence[Row], policies: Sequence[Row]) -> Iterator[dg.AssetCheckResult]:
    """In the order of the specs."""
    yield few_blacklisted(date, players)
    yield policy_holds(date, policies)
