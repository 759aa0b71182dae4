"""The checks of an evaluation, which warn and stop nothing: what somebody who bets by these strategies would want told.

They judge the season up to the last date of the run, and only what chance would hardly do, all strategies considered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg

from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.schema import PICKED, STRATEGY_PERFORMANCE
from nba_consolidation.warehouse.interface import Row

LOSING_PICKS, MISLEADING_THRESHOLDS = "losing_picks", "misleading_thresholds"
_FIGURES = ("strategy", "bets", "hit_rate", "hit_rate_low", "hit_rate_high", "roi", "roi_low", "roi_high")


def specs_of_an_evaluation() -> list[dg.AssetCheckSpec]:
    """The checks that every evaluation emits."""
    return [
        dg.AssetCheckSpec(
            LOSING_PICKS,
            asset=STRATEGY_PERFORMANCE.name,
            description="who bets by whatever strategy was best before each date does not lose money, beyond noise",
        ),
        dg.AssetCheckSpec(
            MISLEADING_THRESHOLDS,
            asset=STRATEGY_PERFORMANCE.name,
            description="no choice among a system's bets went worse than all of them, beyond noise",
        ),
    ]


def losing_picks(date: dt.date, strategies: Sequence[Row]) -> dg.AssetCheckResult:
    """What was best so far was bet on, and that lost money."""
    picked = [row for row in strategies if row["system_id"] == PICKED]
    found = [row for row in picked if row["pays"] == "loss"]
    return _result(LOSING_PICKS, date, len(picked), found, (*_FIGURES, "roi_p", "picked"))


def misleading_thresholds(date: dt.date, strategies: Sequence[Row]) -> dg.AssetCheckResult:
    """The bets of more confidence, of a larger edge, or on players who are not flagged, were the worse ones."""
    judged = [row for row in strategies if row["verdict"] not in ("baseline", "not_enough")]
    found = [row for row in judged if row["verdict"] == "worse" and row["system_id"] != PICKED]
    columns = (*_FIGURES, "baseline", "difference", "difference_low", "difference_high", "difference_p")
    return _result(MISLEADING_THRESHOLDS, date, len(judged), found, columns)


def _result(name: str, date: dt.date, judged: int, found: Sequence[Row], columns: Sequence[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "game_date": str(date),
            "strategies_judged": judged,
            "found": table_of([{column: row[column] for column in columns} for row in found]),
        },
    )


def all_results(date: dt.date, strategies: Sequence[Row]) -> Iterator[dg.AssetCheckResult]:
    """In the order of the specs."""
    yield losing_picks(date, strategies)
    yield misleading_thresholds(date, strategies)
