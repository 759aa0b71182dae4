"""A lease as a Firestore document, and back. Readable by the predecessor's lock, whose documents are read too.

| field | |
|---|---|
| `operation_id` `holder_id` `lock_type` `lock_key` `acquired_at` `expires_at` | as the predecessor has them |
| `run_id` `host` `pid` | the rest of the holder |
| `ttl_seconds` | the lease ends so long after the document's update time: by the server's clock alone |
| `token` | written by a renewal; before the first one, the update time is the token |
| `renewed_version` | the version that a renewal replaced, so that no renewal is a write that changes nothing |
| `ttl_at` | for a TTL policy of Firestore, which cleans up what a dead holder left; decides nothing |

`expires_at` is for the predecessor alone. It must be known before the write, so it is the latest moment that the lease
can end: a few seconds after its real end, never before. Every time is the server's; nothing is sent or read here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from nba_consolidation.leases.firestore.rpc import Stored, Write, plain
from nba_consolidation.leases.interface import (
    EVENTS_KEPT,
    ForcedRelease,
    Holder,
    LeaseEvent,
    LeaseRecord,
    from_micros,
    to_micros,
)
from nba_consolidation.leases.keys import parse_lease_key

if TYPE_CHECKING:
    from google.cloud.firestore_v1 import types

Fields: TypeAlias = Mapping[str, str | int | float | datetime]

_KEPT_FOR_CLEAN_UP = timedelta(days=1)
_NEVER = datetime.max.replace(tzinfo=UTC)
_UNKNOWN = "unknown"


def lease_fields(key: str, holder: Holder, ttl: float, operation_id: str, latest_arrival: datetime) -> Fields:
    """Of an acquisition; `acquired_at` is the server's to fill in."""
    return {
        "operation_id": operation_id,
        "holder_id": holder.holder_id,
        "lock_type": parse_lease_key(key)[0],
        "lock_key": key,
        "run_id": holder.run_id,
        "host": holder.host,
        "pid": holder.pid,
        **_end_fields(ttl, latest_arrival),
    }


def renewal_fields(record: LeaseRecord, ttl: float, latest_arrival: datetime) -> Fields:
    """What a renewal changes."""
    return {
        "token": record.token,
        "renewed_version": record.version,
        **_end_fields(ttl, latest_arrival),
    }


def _end_fields(ttl: float, latest_arrival: datetime) -> Fields:
    ends = latest_arrival + timedelta(seconds=ttl)
    return {"ttl_seconds": float(ttl), "expires_at": ends, "ttl_at": ends + _KEPT_FOR_CLEAN_UP}


def audit_fields(lease: LeaseRecord, by: str, reason: str) -> Fields:
    """Of the trace of a forced release; `released_at` is the server's to fill in."""
    return {
        "lock_key": lease.key,
        "token": lease.token,
        "version": lease.version,
        "operation_id": lease.operation_id,
        "holder_id": lease.holder.holder_id,
        "run_id": lease.holder.run_id,
        "host": lease.holder.host,
        "pid": lease.holder.pid,
        "acquired_at": lease.acquired_at,
        "expires_at": lease.expires_at,
        "forced_by": by,
        "reason": reason,
    }


def event_fields(event: LeaseEvent) -> Fields:
    """Of an event; a TTL policy on `ttl_at` forgets it."""
    other = {f"other_{name}": value for name, value in _holder_fields(event.other).items()}
    return {
        "kind": event.kind,
        "lock_key": event.key,
        **_holder_fields(event.holder),
        **other,
        "began_at": event.began_at,
        "ends_at": event.ends_at,
        "outcome": event.outcome,
        "ttl_at": event.began_at + EVENTS_KEPT,
    }


def _holder_fields(holder: Holder) -> Fields:
    return {"holder_id": holder.holder_id, "run_id": holder.run_id, "host": holder.host, "pid": holder.pid}


def write(name: str, fields: Fields) -> Write:
    """Write a whole document, whatever was there."""
    return {"update": _document(name, fields)}


def put(name: str, fields: Fields, *, replaces: int | None, stamped: str) -> Write:
    """Write a whole document in place of that version, or of none; the server puts its time into field `stamped`."""
    return {
        "update": _document(name, fields),
        "update_transforms": [{"field_path": stamped, "set_to_server_value": "REQUEST_TIME"}],
        "current_document": {"exists": False} if replaces is None else _is_version(replaces),
    }


def change(name: str, fields: Fields, *, version: int) -> Write:
    """Change these fields of a document, if it still is that version."""
    return {
        "update": _document(name, fields),
        "update_mask": {"field_paths": list(fields)},
        "current_document": _is_version(version),
    }


def delete(name: str, *, version: int) -> Write:
    """Delete a document, if it still is that version."""
    return {"delete": name, "current_document": _is_version(version)}


def probe(name: str) -> tuple[Write, ...]:
    """Writes that leave nothing behind, and that only somebody who may write and delete can send."""
    return {"update": _document(name, {"left_by": "check"})}, {"delete": name}


def lease_of(stored: Stored) -> LeaseRecord:
    """The lease that a document is, ours or the predecessor's.

    The predecessor knows its lease's end by its own clock only. A document without a readable end never ends, so that
    it keeps everybody out until somebody looks at it.
    """
    fields, version = stored.fields, to_micros(stored.updated_at)
    token = fields["token"].integer_value if "token" in fields else version
    ours = "ttl_seconds" in fields
    return LeaseRecord(
        key=stored.id,
        token=token,
        version=version,
        operation_id=_text(fields, "operation_id"),
        holder=_holder(fields),
        acquired_at=from_micros(token),
        expires_at=_later(stored.updated_at, fields["ttl_seconds"]) if ours else _moment(fields, "expires_at"),
        read_at=stored.read_at,
    )


def forced_release_of(stored: Stored) -> ForcedRelease:
    """The trace of a forced release that a document of the audit is."""
    fields, released_at = stored.fields, stored.created_at
    lease = LeaseRecord(
        key=_text(fields, "lock_key"),
        token=fields["token"].integer_value,
        version=fields["version"].integer_value,
        operation_id=_text(fields, "operation_id"),
        holder=_holder(fields),
        acquired_at=_moment(fields, "acquired_at"),
        expires_at=_moment(fields, "expires_at"),
        read_at=released_at,
    )
    return ForcedRelease(lease, _text(fields, "forced_by"), _text(fields, "reason"), released_at)


def event_of(stored: Stored) -> LeaseEvent:
    """The event that a document is."""
    fields = stored.fields
    return LeaseEvent(
        id=stored.id,
        kind=_text(fields, "kind"),
        key=_text(fields, "lock_key"),
        holder=_holder(fields),
        other=_holder(fields, "other_"),
        began_at=_moment(fields, "began_at"),
        ends_at=_moment(fields, "ends_at"),
        outcome=fields["outcome"].string_value,
        read_at=stored.read_at,
    )


def _holder(fields: "Mapping[str, types.Value]", prefix: str = "") -> Holder:
    pid = fields[prefix + "pid"].integer_value if prefix + "pid" in fields else 0
    holder_id, run_id, host = (_text(fields, prefix + name) for name in ("holder_id", "run_id", "host"))
    return Holder(holder_id, run_id, host, pid)


def _text(fields: "Mapping[str, types.Value]", name: str) -> str:
    text = fields[name].string_value if name in fields else ""
    return text if text.strip() else _UNKNOWN


def _moment(fields: "Mapping[str, types.Value]", name: str) -> datetime:
    readable = name in fields and "timestamp_value" in fields[name]
    return plain(fields[name].timestamp_value) if readable else _NEVER


def _later(moment: datetime, seconds: "types.Value") -> datetime:
    return moment + timedelta(seconds=seconds.double_value)


def _is_version(version: int) -> dict[str, datetime]:
    return {"update_time": from_micros(version)}


def _document(name: str, fields: Fields) -> dict[str, Any]:
    return {"name": name, "fields": {field: _value(value) for field, value in fields.items()}}


def _value(value: str | float | datetime) -> dict[str, Any]:
    kinds = {str: "string_value", int: "integer_value", float: "double_value"}
    return {kinds.get(type(value), "timestamp_value"): value}
