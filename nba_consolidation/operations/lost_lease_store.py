"""Recognises a lease store that has forgotten the tokens it gave out (lost, restored, or another one), and reseeds it.

If a store gives out smaller tokens than the fences have, no run can write, however often it is repeated.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import Holder, LeaseStore, Reseed, lease_key
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Warehouse

_TTL = 10.0
"""Seconds. Nobody waits for this lease if the process dies while it holds it."""


@dataclass(frozen=True)
class NewestFence:
    """The fence with the largest token, and who wrote it."""

    lease_key: str
    game_date: dt.date
    token: int
    holder_id: str | None
    run_id: str | None
    updated_at: dt.datetime | None

    def describe(self) -> str:
        """For messages: token, lease, writer and time."""
        at = "" if self.updated_at is None else f" at {self.updated_at:%Y-%m-%d %H:%M:%S} UTC"
        return f"token {self.token} of {self.lease_key}, written by {self.holder_id} (run {self.run_id}){at}"


class ReseedRefused(ConsolidationError):
    """The lease store was not reseeded: it is not behind, or the fences are not as the operator saw them."""


def newest_fence(warehouse: Warehouse) -> NewestFence | None:
    """The fence with the largest token; None if nothing was ever written."""
    rows = warehouse.query(Statement("newest_fence"))
    return NewestFence(**rows[0]) if rows and rows[0]["token"] else None


def next_token(leases: LeaseStore) -> int:
    """A token that the store gives out now, with a lease that nobody else uses."""
    key, holder = lease_key("doctor", dt.datetime.now(dt.UTC).date()), Holder.here("doctor")
    (record,) = leases.try_acquire([key], holder, _TTL, operation_id=uuid.uuid4().hex)
    leases.release([record])
    return record.token


def fence_ahead(warehouse: Warehouse, leases: LeaseStore) -> NewestFence | None:
    """The newest fence, if the lease store gives out smaller tokens: it is lost then, or another one is in use."""
    fence = newest_fence(warehouse)
    return fence if fence is not None and next_token(leases) <= fence.token else None


def reseed(warehouse: Warehouse, leases: LeaseStore, token: int, *, by: str, reason: str) -> Reseed:
    """Makes the store give out tokens above `token`, which must be the largest that any fence has.

    Naming the token shows that nobody has written since the operator looked: a fence that moves belongs to a live
    writer with another lease store. Raises ReseedRefused, LeaseError, WarehouseError.
    """
    fence = fence_ahead(warehouse, leases)
    if fence is None:
        raise ReseedRefused(
            "The lease store gives out larger tokens than every fence has, so there is nothing to reseed. "
            "If a run was fenced out, a newer one has written its dates: run it again."
        )
    if fence.token != token:
        raise ReseedRefused(
            f"The largest fence is not {token} but {fence.describe()}. Nothing was changed. If it has moved since you "
            "looked, a writer with another lease store is alive: stop it, then run `nba-consolidation doctor` again."
        )
    return leases.reseed(token, by=by, reason=reason)
