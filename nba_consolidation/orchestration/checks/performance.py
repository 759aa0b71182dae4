"""The checks of an analysis, which warn and stop nothing: what somebody who bets on these systems would want told.

They judge the 30 days up to the last date of the run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg

from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.schema import CONFIDENCE_CALIBRATION, SYSTEM_PERFORMANCE
from nba_consolidation.warehouse.interface import Row

JUDGED_WINDOW = "30d"
BETS_NEEDED = 200
"""Below this a system is not judged: with 200 bets a hit rate is known to about 7 points either way."""
CALIBRATION_ERROR_LIMIT = 0.10
LOSING_BELOW = 0.50

CALIBRATION_ERROR, LOSING_SYSTEMS = "calibration_error", "losing_systems"
_JUDGED = f"over {JUDGED_WINDOW}, of systems with at least {BETS_NEEDED} bets"


def specs_of_an_analysis() -> list[dg.AssetCheckSpec]:
    """The checks that every analysis emits."""
    return [
        dg.AssetCheckSpec(
            LOSING_SYSTEMS,
            asset=SYSTEM_PERFORMANCE.name,
            description=f"systems whose whole 95 % interval of the hit rate lies below {LOSING_BELOW:.0%}, {_JUDGED}",
        ),
        dg.AssetCheckSpec(
            CALIBRATION_ERROR,
            asset=CONFIDENCE_CALIBRATION.name,
            description=f"systems whose ECE is above {CALIBRATION_ERROR_LIMIT:.2f}, {_JUDGED}",
        ),
    ]


def losing_systems(date: dt.date, performance: Sequence[Row]) -> dg.AssetCheckResult:
    """Systems that lose more than they win, and not by chance. performance: rows of `all` up to the date."""
    judged = _judged(performance)
    found = [row for row in judged if row["hit_rate_high"] < LOSING_BELOW]
    columns = ("system_id", "bets", "hit_rate", "hit_rate_low", "hit_rate_high", "roi_110")
    return _result(LOSING_SYSTEMS, SYSTEM_PERFORMANCE.name, date, judged, found, columns)


def calibration_error(date: dt.date, scores: Sequence[Row]) -> dg.AssetCheckResult:
    """Systems whose confidence does not mean what it says."""
    judged = _judged(scores)
    found = [row for row in judged if row["ece"] > CALIBRATION_ERROR_LIMIT]
    columns = ("system_id", "bets", "ece", "mean_confidence", "hit_rate", "hit_rate_low", "hit_rate_high")
    return _result(CALIBRATION_ERROR, CONFIDENCE_CALIBRATION.name, date, judged, found, columns)


def _judged(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["time_window"] == JUDGED_WINDOW and row["bets"] >= BETS_NEEDED]


def _result(
    name: str, asset: str, date: dt.date, judged: Sequence[Row], found: Sequence[Row], columns: Sequence[str]
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=asset,
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "game_date": str(date),
            "systems_judged": len(judged),
            "found": table_of([{column: row[column] for column in columns} for row in found]),
        },
    )


def all_results(date: dt.date, performance: Sequence[Row], scores: Sequence[Row]) -> Iterator[dg.AssetCheckResult]:
    """In the order of the specs."""
    yield losing_systems(date, performance)
    yield calibration_error(date, scores)
