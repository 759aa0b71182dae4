"""The one transaction of a consolidation, as the list of its statements. All or nothing; the warehouse runs it."""

from __future__ import annotations

from collections.abc import Sequence

from nba_consolidation.fencing.fenced_writer import Parameters
from nba_consolidation.schema import BUSINESS_KEY, LINEAGE, SET_BY_CONSOLIDATION, Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.staging.interface import KnownDates

AUDITS = ("duplicate_business_keys", "active_twins", "unconserved_dates")
_INVALIDATION = ("invalidated_at", "invalidation_reason")


def consolidation(
    parameters: Parameters, consolidation_id: str, known: KnownDates, live: Sequence[Column]
) -> list[Statement]:
    """Quarantine, merge, activate, audit, ledger. The fence comes before."""
    parameters = {
        **parameters,
        "consolidation_id": consolidation_id,
        "first_known_date": known.first,
        "last_known_date": known.last,
    }
    ours = {*SET_BY_CONSOLIDATION, *(column.name for column in LINEAGE)}
    staged = [column.name for column in live if column.name not in ours]
    values = [name for name in staged if name not in ("prediction_id", "created_at", *BUSINESS_KEY, *_INVALIDATION)]
    return [
        Statement("candidates", parameters),
        Statement("quarantine", parameters, staged),
        Statement("peers", parameters),
        Statement("settle_peers", parameters, values),
        Statement("outcomes", parameters),
        Statement("equals", parameters),
        Statement("settle_equals", parameters, values),
        Statement("lost_versions", parameters),
        Statement("standing", parameters),
        Statement("insert", parameters, values),
        Statement("update", parameters, values),
        Statement("activate", parameters),
        Statement("invalidate", parameters),
        Statement("duplicate_business_keys", parameters, audit=True),
        Statement("active_twins", parameters, audit=True),
        Statement("counts", parameters),
        Statement("unconserved_dates", parameters, audit=True),
        Statement("ledger", parameters),
        Statement("ledger_tables", parameters),
        Statement("consolidation_counts", parameters),
    ]
