"""The one transaction of a consolidation, as the list of its statements. All or nothing; the warehouse runs it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nba_consolidation.sql import Statement, Value, over_dates
from nba_consolidation.sql.statement import Scalar
from nba_consolidation.tables import BUSINESS_KEY, LINEAGE, SET_BY_CONSOLIDATION, Column
from nba_consolidation.warehouse.contract import KnownDates

_INVALIDATION = ("invalidated_at", "invalidation_reason")
# Workers' clocks differ a little from ours; more than this is a row from the future.
CLOCK_TOLERANCE = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Guard:
    """The leases that guard a transaction, and who holds them: date and fencing token, in order of dates."""

    tokens: Sequence[tuple[dt.date, str, int]]
    holder_id: str
    run_id: str

    @property
    def dates(self) -> list[dt.date]:
        return [date for date, _, _ in self.tokens]

    def parameters(self, now: dt.datetime) -> dict[str, Value]:
        """What every guarded statement may ask for."""
        leases: list[Mapping[str, Scalar]] = [
            {"lease_key": key, "game_date": date, "token": token} for date, key, token in self.tokens
        ]
        ours: dict[str, Value] = {"holder_id": self.holder_id, "run_id": self.run_id, "now": now, "leases": leases}
        return over_dates(self.dates) | ours


def fence_rows(guard: Guard, now: dt.datetime) -> list[Statement]:
    """The fence rows of the dates, which must be there before the transaction that checks them."""
    parameters = guard.parameters(now)
    return [Statement("leases", parameters), Statement("fence_rows", parameters)]


def fence(guard: Guard, now: dt.datetime) -> list[Statement]:
    """What every writer of a date's rows begins with: its token goes into the fence, or it fails."""
    parameters = guard.parameters(now)
    return [
        Statement("leases", parameters),
        Statement("fence", parameters),
        Statement("fenced_out", parameters, audit=True),
    ]


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
    guard: Guard, now: dt.datetime, percent_systems: Sequence[str], fraction_systems: Sequence[str]
) -> list[Statement]:
    """Fence, then the dates' validated rows written anew from what stands, then audits."""
    parameters = guard.parameters(now) | {"percent_systems": percent_systems, "fraction_systems": fraction_systems}
    return [
        *fence(guard, now),
        Statement("clear_validated", parameters),
        Statement("validate", parameters),
        Statement("duplicate_validated_predictions", parameters, audit=True),
        Statement("confidences_out_of_scale", parameters, audit=True),
        Statement("validated_counts", parameters),
    ]
