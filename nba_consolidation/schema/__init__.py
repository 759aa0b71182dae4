"""Every table of the project, declared once: names, columns, types, what each column means.

The DDL of both engines, the staging writer, Dagster's column metadata and the generated reference all read these
declarations. No SQL text and no client library here. Types are GoogleSQL's.
"""

from nba_consolidation.schema.declaration import Column, Table
from nba_consolidation.schema.grading import (
    ACCURACY,
    ACCURACY_KEY,
    BOX_SCORES,
    GRADING_LEDGER,
    LAST_WRITTEN,
    OUTCOMES,
    PLAYER_ALIASES,
    REMOVED,
    UNSETTLED_NAMES,
)
from nba_consolidation.schema.performance import (
    ALL_SYSTEMS,
    CALIBRATION_SCORES,
    CONFIDENCE_CALIBRATION,
    SLICES,
    SYSTEM_PERFORMANCE,
    TIME_WINDOWS,
)
from nba_consolidation.schema.predictions import (
    ACTIVATION_KEY,
    BUSINESS_KEY,
    CLEANUPS,
    CONFIDENCE_SCALES,
    FENCES,
    LEDGER,
    LEDGER_TABLES,
    LINEAGE,
    LOST_VERSIONS,
    PREDICTIONS,
    QUARANTINED,
    SET_BY_CONSOLIDATION,
)
from nba_consolidation.schema.publication import FILTERS, PUBLISHED, VALIDATED, WITHHELD
from nba_consolidation.schema.recalibration import CALIBRATION_EVENTS, CALIBRATION_STATES, CALIBRATION_VERSIONS
from nba_consolidation.schema.reliability import (
    BIAS_FLAGS,
    BLACKLISTED,
    OVERRIDES,
    PLAYER_RELIABILITY,
    PLAYER_STATUSES,
    POLICY_REVIEWS,
    VARIANCE_FLAGS,
)
from nba_consolidation.schema.strategies import MAJORITY, PAYS, PICKED, STRATEGY_PERFORMANCE, UNANIMOUS, VERDICTS
from nba_consolidation.schema.views import BETS, CALIBRATION_LATEST, HIT_RATES_BY_SYSTEM, VIEWS

GRADING_TABLES = (ACCURACY, REMOVED, GRADING_LEDGER, PLAYER_ALIASES, UNSETTLED_NAMES)
PERFORMANCE_TABLES = (SYSTEM_PERFORMANCE, CONFIDENCE_CALIBRATION, CALIBRATION_SCORES)
RECALIBRATION_TABLES = (CALIBRATION_VERSIONS, CALIBRATION_EVENTS)
RELIABILITY_TABLES = (PLAYER_RELIABILITY, POLICY_REVIEWS, OVERRIDES)
ALL_TABLES = (
    *(PREDICTIONS, QUARANTINED, LOST_VERSIONS, VALIDATED, WITHHELD, PUBLISHED, FENCES, LEDGER, LEDGER_TABLES, CLEANUPS),
    *GRADING_TABLES,
    *PERFORMANCE_TABLES,
    *RECALIBRATION_TABLES,
    *RELIABILITY_TABLES,
    STRATEGY_PERFORMANCE,
)
"""All tables that this project creates. Only the local deployment creates `BOX_SCORES` as well."""

__all__ = [
    "ACCURACY",
    "ACCURACY_KEY",
    "ACTIVATION_KEY",
    "ALL_SYSTEMS",
    "ALL_TABLES",
    "BETS",
    "BIAS_FLAGS",
    "BLACKLISTED",
    "BOX_SCORES",
    "BUSINESS_KEY",
    "CALIBRATION_EVENTS",
    "CALIBRATION_LATEST",
    "CALIBRATION_SCORES",
    "CALIBRATION_STATES",
    "CALIBRATION_VERSIONS",
    "CLEANUPS",
    "CONFIDENCE_CALIBRATION",
    "CONFIDENCE_SCALES",
    "FENCES",
    "FILTERS",
    "GRADING_LEDGER",
    "GRADING_TABLES",
    "HIT_RATES_BY_SYSTEM",
    "LAST_WRITTEN",
    "LEDGER",
    "LEDGER_TABLES",
    "LINEAGE",
    "LOST_VERSIONS",
    "MAJORITY",
    "OUTCOMES",
    "OVERRIDES",
    "PAYS",
    "PERFORMANCE_TABLES",
    "PICKED",
    "PLAYER_ALIASES",
    "PLAYER_RELIABILITY",
    "PLAYER_STATUSES",
    "POLICY_REVIEWS",
    "PREDICTIONS",
    "PUBLISHED",
    "QUARANTINED",
    "RECALIBRATION_TABLES",
    "RELIABILITY_TABLES",
    "REMOVED",
    "SET_BY_CONSOLIDATION",
    "SLICES",
    "STRATEGY_PERFORMANCE",
    "SYSTEM_PERFORMANCE",
    "TIME_WINDOWS",
    "UNANIMOUS",
    "UNSETTLED_NAMES",
    "VALIDATED",
    "VARIANCE_FLAGS",
    "VERDICTS",
    "VIEWS",
    "WITHHELD",
    "Column",
    "Table",
]
