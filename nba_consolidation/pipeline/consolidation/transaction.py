"""The one transaction of a consolidation, as the list of its statements. All or nothing; the fence comes before."""

from __future__ import annotations

from collections.abc import Sequence

from nba_consolidation.fencing.audits import ACTIVE_TWINS, DUPLICATE_BUSINESS_KEYS
from nba_consolidation.fencing.fenced_writer import Parameters
from nba_consolidation.schema import BUSINESS_KEY, LINEAGE, SET_BY_CONSOLIDATION, Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.staging.interface import KnownDates

_NO_VALUES = {"prediction_id", "created_at", *BUSINESS_KEY, "invalidated_at", "invalidation_reason"}


def consolidation(
    parameters: Parameters, consolidation_id: str, known: KnownDates, live: Sequence[Column]
) -> list[Statement]:
    """Quarantine, merge, activate, audit, ledger: the numbered files of `sql/`, in that order.

    live: the columns that player_prop_predictions has now; those of a staged row go into it by name.
    """
    parameters = {
        **parameters,
        "consolidation_id": consolidation_id,
        "first_known_date": known.first,
        "last_known_date": known.last,
    }
    derived = {*SET_BY_CONSOLIDATION, *(column.name for column in LINEAGE)}
    staged = [column.name for column in live if column.name not in derived]
    values = [name for name in staged if name not in _NO_VALUES]
    return [
        Statement("staged_versions", parameters),
        Statement("quarantine", parameters, staged),
        Statement("tied_versions", parameters),
        Statement("break_ties", parameters, values),
        Statement("outcomes", parameters),
        Statement("tied_with_current", parameters),
        Statement("break_ties_with_current", parameters, values),
        Statement("lost_versions", parameters),
        Statement("current_versions", parameters),
        Statement("insert", parameters, values),
        Statement("update", parameters, values),
        Statement("activate", parameters),
        Statement("invalidate", parameters),
        DUPLICATE_BUSINESS_KEYS.statement(parameters),
        ACTIVE_TWINS.statement(parameters),
        Statement("counts", parameters),
        Statement("unconserved_dates", parameters, audit=True),
        Statement("ledger", parameters),
        Statement("ledger_tables", parameters),
        Statement("consolidation_counts", parameters),
    ]
