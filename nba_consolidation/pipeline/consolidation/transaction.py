"""The one transaction of a consolidation, as the list of its statements. All or nothing; the warehouse runs it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from nba_consolidation.fencing.fenced_writer import Guard, fence
from nba_consolidation.schema import BUSINESS_KEY, LINEAGE, SET_BY_CONSOLIDATION, Column
from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.interface import KnownDates

_INVALIDATION = ("invalidated_at", "invalidation_reason")
# Workers' clocks differ a little from ours; more than this is a row from the future.
CLOCK_TOLERANCE = dt.timedelta(minutes=5)


def consolidation(
    guard: Guard, consolidation_id: str, now: dt.datetime, known: KnownDates, live: Sequence[Column]
) -> list[Statement]:
    """Fence, quarantine, merge, activate, audit, ledger."""
    parameters = guard.parameters(now) | {
        "consolidation_id": consolidation_id,
        "first_known_date": known.first,
        "last_known_date": known.last,
        "latest_created_at": now + CLOCK_TOLERANCE,
    }
    ours = {*SET_BY_CONSOLIDATION, *(column.name for column in LINEAGE)}
    staged = [column.name for column in live if column.name not in ours]
    values = [name for name in staged if name not in ("prediction_id", "created_at", *BUSINESS_KEY, *_INVALIDATION)]
    return [
        *fence(guard, now),
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


def validation(
    parameters: Mapping[str, Value], percent_systems: Sequence[str], fraction_systems: Sequence[str]
) -> list[Statement]:
    """The dates' validated rows written anew from what stands, then audits. The fence comes before."""
    scaled = {**parameters, "percent_systems": percent_systems, "fraction_systems": fraction_systems}
    return [
        Statement("clear_validated", scaled),
        Statement("validate", scaled),
        Statement("duplicate_validated_predictions", scaled, audit=True),
        Statement("confidences_out_of_scale", scaled, audit=True),
        Statement("validated_counts", scaled),
    ]
