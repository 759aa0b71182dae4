"""The one transaction of a consolidation, as the list of its statements. All or nothing; the fence comes before."""

from __future__ import annotations

from collections.abc import Sequence

from nba_consolidation.fencing.fenced_writer import Parameters
from nba_consolidation.schema import BUSINESS_KEY, LINEAGE, SET_BY_CONSOLIDATION, Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.staging.interface import KnownDates

AUDITS = ("duplicate_business_keys", "active_twins", "unconserved_dates")
_NO_VALUES = {"prediction_id", "created_at", *BUSINESS_KEY, "invalidated_at", "invalidation_reason"}


def consolidation(
    parameters: Parameters, consolidation_id: str, known: KnownDates, live: Sequence[Column]
) -> list[Statement]:
    """Quarantine, merge, activate, audit, ledger: the numbered files of `sql/`, in that order.

    live: the columns that player_prop_predictions has now; those of a staged row go into it by name.
    """
    given = {
        **parameters,
        "consolidation_id": consolidation_id,
        "first_known_date": known.first,
        "last_known_date": known.last,
    }
    derived = {*SET_BY_CONSOLIDATION, *(column.name for column in LINEAGE)}
    staged = [column.name for column in live if column.name not in derived]
    values = [name for name in staged if name not in _NO_VALUES]
    return [
        Statement("staged_versions", given),
        Statement("quarantine", given, staged),
        Statement("tied_versions", given),
        Statement("break_ties", given, values),
        Statement("outcomes", given),
        Statement("tied_with_current", given),
        Statement("break_ties_with_current", given, values),
        Statement("lost_versions", given),
        Statement("current_versions", given),
        Statement("insert", given, values),
        Statement("update", given, values),
        Statement("activate", given),
        Statement("invalidate", given),
        Statement("duplicate_business_keys", given, audit=True),
        Statement("active_twins", given, audit=True),
        Statement("counts", given),
        Statement("unconserved_dates", given, audit=True),
        Statement("ledger", given),
        Statement("ledger_tables", given),
        Statement("consolidation_counts", given),
    ]
