"""The checks of a grading, which run with it: blocking where a finding must not reach the figures that people read."""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg

from nba_consolidation.fencing.audits import (
    ACCURACY_OUT_OF_SCALE,
    DUPLICATE_ACCURACY_KEYS,
    INCONSISTENT_ERRORS,
    SEVERAL_LINES,
)
from nba_consolidation.orchestration.checks.audits import audit_result, result, rolled_back_by
from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.pipeline.grading.result import GradingReport
from nba_consolidation.settings import today
from nba_consolidation.warehouse.interface import Warehouse

MISSING_BOX_SCORES_LIMIT = 0.05
UNGRADED_LIMIT = 50
_AUDITS = (DUPLICATE_ACCURACY_KEYS, ACCURACY_OUT_OF_SCALE, INCONSISTENT_ERRORS, SEVERAL_LINES)
_OWN = (
    ("grading_conservation", "active = correct + wrong + push + passed + not a bet + voided + waiting", True),
    ("missing_box_scores", f"at most {MISSING_BOX_SCORES_LIMIT:.0%} of a past date's players without one", False),
    ("ungraded", f"at most {UNGRADED_LIMIT} predictions of a past date that still wait", False),
)


def specs_of_a_grading(asset: str) -> list[dg.AssetCheckSpec]:
    """The checks that every grading emits, on the asset of that name."""
    described = [*((audit.name, audit.looks_for, audit.blocking) for audit in _AUDITS), *_OWN]
    return [
        dg.AssetCheckSpec(name, asset=asset, description=looks_for, blocking=blocking)
        for name, looks_for, blocking in described
    ]


def of_a_grading(
    report: GradingReport, warehouse: Warehouse, dates: Sequence[dt.date]
) -> Iterator[dg.AssetCheckResult]:
    """The results, in the order of the specs. The published table is read again, after the commit."""
    for audit in _AUDITS:
        yield audit_result(audit, audit.findings(warehouse, dates), rolled_back_by(audit.name, report.poisoned))
    rolled_back = rolled_back_by("unconserved_gradings", report.poisoned)
    lost = [date for date in report.dates if not date.conserved]
    yield result(
        "grading_conservation",
        not lost and not rolled_back,
        warns=False,
        dates=table_of(report.dates),
        rolled_back=table_of(rolled_back),
    )
    past = [date for date in report.dates if date.game_date < today()]
    missing = [date for date in past if date.without_box_score > MISSING_BOX_SCORES_LIMIT * date.active]
    yield result("missing_box_scores", not missing, warns=True, dates=table_of(missing), limit=MISSING_BOX_SCORES_LIMIT)
    ungraded = [date for date in past if date.waiting > UNGRADED_LIMIT]
    yield result("ungraded", not ungraded, warns=True, dates=table_of(ungraded), limit=UNGRADED_LIMIT)
