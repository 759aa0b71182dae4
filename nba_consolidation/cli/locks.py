"""`locks`: lists leases, waiting processes and lease events, and releases a lease by force."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import Grid, counted, table
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.schema.display import id_column, text_column
from nba_consolidation.schema.display_columns import LEASE_EVENTS

if TYPE_CHECKING:
    from nba_consolidation.leases import ForcedRelease, LeaseEvent, LeaseRecord, Reseed

_HOLDER = (
    text_column("holder", "holder_id"),
    text_column("run", "run_id"),
    text_column("host", "host", 2),
    id_column("pid", "pid", 2),
)
_LEASES = (
    text_column("lease", "key"),
    *_HOLDER,
    text_column("since", "acquired_at"),
    text_column("expires", "expires_at"),
    text_column("expired", "expired"),
)
_WAITERS = (
    text_column("waits for lease", "key"),
    *_HOLDER,
    text_column("since", "since"),
    text_column("at most until", "until", 1),
    text_column("held by", "waits_for_holder_id"),
)
_RELEASES = (
    text_column("released", "released_at"),
    text_column("by", "by"),
    text_column("reason", "reason", wide=True),
    text_column("lease", "key"),
    text_column("holder", "holder_id"),
    text_column("run", "run_id", 1),
    text_column("held since", "acquired_at", 1),
)
_RESEEDS = (
    text_column("reseeded", "reseeded_at"),
    text_column("by", "by"),
    text_column("reason", "reason", wide=True),
    id_column("above token", "token", right=True),
    id_column("newest token before", "previous", 1, right=True),
)


@click.group()
def locks() -> None:
    """List leases, and release one by force."""


@locks.command(name="list")
@session_command
def list_leases(session: Session) -> None:
    """List all leases, the expired ones included, and who waits for one.

    A wait is listed once it has lasted a few seconds. The wait of a dead process is listed until its time limit.
    """
    store = session.leases()
    leases = store.list() if store else ()
    waiters = [event for event in store.events() if event.waiting] if store else []
    session.show(
        {
            "leases": [lease_document(lease) for lease in leases],
            "waiters": [_waiter_document(waiter) for waiter in waiters],
        },
        lease_grid(leases),
        table(_WAITERS, map(_waiter_document, waiters), records=True),
        f"{counted(len(leases), 'lease')}; times in UTC." if leases else "Nobody holds a lease.",
    )


@locks.command()
@date_options
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="How many rows to show, the last.")
@session_command
def history(session: Session, limit: int, dates: DateRange) -> None:
    """List the lease events, oldest first.

    Waits, take-overs of expired leases, fenced-out and failed writes, and forced releases of the last week; and, of all
    history, who wrote. The dates of one run are one row; --json lists each date, with its token.
    """
    from nba_consolidation.operations.lease_history import folded, lease_history

    deployment = session.to_read()
    events = lease_history(deployment.warehouse, deployment.leases, dates.first, dates.last)
    rows = folded(events)
    session.show(
        {"history": events},
        table(LEASE_EVENTS, [vars(event) for event in rows[-limit:]], records=True),
        f"The last {limit:,} of {len(rows):,} rows; --limit shows more." if len(rows) > limit else "",
        f"{counted(len(events), 'lease event')}; times in UTC." if events else "No lease events.",
    )


@locks.command()
@click.argument("key")
@click.option("--holder", required=True, help="The holder's id as `locks list` shows it.")
@click.option("--reason", required=True, help="Why. It is recorded.")
@click.option("--by", help="Who does it. It is recorded.  [default: the user who is logged in]")
@session_command
def release(session: Session, key: str, holder: str, reason: str, by: str | None) -> None:
    """Release the lease KEY by force.

    Its holder notices and writes nothing more. What it has committed stays.

    This is seldom needed: the lease of a dead process expires.
    """
    from nba_consolidation.leases import LeaseHeld

    try:
        record = session.deployment().leases.force_release(key, holder, by=by or getpass.getuser(), reason=reason)
    except LeaseHeld as held:
        raise ConsolidationError(
            f"{key} was not released: {held.record.describe()}, and you named {holder}. "
            "List the leases again; if that holder is dead too, name it."
        ) from held
    session.show(
        {"released": _forced_document(record)},
        f"Released {record.lease.key}. This was recorded:",
        _release_grid([record]),
    )


@locks.command()
@click.option("--token", required=True, type=click.IntRange(1), help="The largest token of a fence: see `doctor`.")
@click.option("--reason", required=True, help="Why. It is recorded.")
@click.option("--by", help="Who does it. It is recorded.  [default: the user who is logged in]")
@session_command
def reseed(session: Session, token: int, reason: str, by: str | None) -> None:
    """Make the lease store continue above the tokens of a lost one.

    For a lease store that was lost or restored: it gives out smaller tokens than the fences have, so every run is
    fenced out. Stop all writers first: tokens of two lease stores are not comparable. Nothing in the warehouse changes.
    """
    from nba_consolidation.operations.lost_lease_store import reseed as reseed_store

    deployment = session.existing()
    done = reseed_store(deployment.warehouse, deployment.leases, token, by=by or getpass.getuser(), reason=reason)
    session.show(
        {"reseeded": done},
        f"The lease store goes on above token {done.token}. This was recorded:",
        _reseed_grid([done]),
    )


@locks.command()
@session_command
def audit(session: Session) -> None:
    """List all forced releases and reseedings, oldest first."""
    store = session.leases()
    records = store.forced_releases() if store else ()
    reseeds = store.reseeds() if store else ()
    session.show(
        {"forced_releases": [_forced_document(record) for record in records], "reseeds": reseeds},
        _release_grid(records),
        _reseed_grid(reseeds),
        f"{counted(len(records), 'forced release')}; times in UTC."
        if records
        else "No lease was ever released by force.",
    )


def _waiter_document(waiter: LeaseEvent) -> dict[str, Any]:
    return {
        "key": waiter.key,
        "holder_id": waiter.holder.holder_id,
        "run_id": waiter.holder.run_id,
        "host": waiter.holder.host,
        "pid": waiter.holder.pid,
        "since": waiter.began_at,
        "until": waiter.ends_at,
        "waits_for_holder_id": waiter.other.holder_id,
        "waits_for_run_id": waiter.other.run_id,
    }


def lease_grid(leases: Iterable[LeaseRecord]) -> Grid:
    """Leases as a table."""
    return table(_LEASES, map(lease_document, leases), records=True)


def lease_document(lease: LeaseRecord) -> dict[str, Any]:
    """A lease as JSON: its holder's fields beside its own, without the store's internals."""
    return {
        "key": lease.key,
        "holder_id": lease.holder.holder_id,
        "run_id": lease.holder.run_id,
        "host": lease.holder.host,
        "pid": lease.holder.pid,
        "token": lease.token,
        "acquired_at": lease.acquired_at,
        "expires_at": lease.expires_at,
        "expired": lease.expired,
    }


def _release_grid(releases: Iterable[ForcedRelease]) -> Grid:
    rows = [lease_document(one.lease) | _forced_document(one) for one in releases]
    return table(_RELEASES, rows, records=True)


def _reseed_grid(reseeds: Iterable[Reseed]) -> Grid:
    return table(_RESEEDS, map(asdict, reseeds), records=True)


def _forced_document(record: ForcedRelease) -> dict[str, Any]:
    return {
        "released_at": record.released_at,
        "by": record.by,
        "reason": record.reason,
        "lease": lease_document(record.lease),
    }
