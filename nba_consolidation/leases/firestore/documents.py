"""Converts leases, audit records and events to Firestore documents and back. Sends and reads nothing.

Lease documents can be read by the predecessor's lock, and its documents can be read here.

| field | meaning |
|---|---|
| `operation_id` `holder_id` `lock_type` `lock_key` `acquired_at` `expires_at` | as in the predecessor's documents |
| `run_id` `host` `pid` | the rest of the holder |
| `ttl_seconds` | the lease expires this long after the document's update time, by the server's clock alone |
| `token` | written by a renewal; before the first renewal, the update time is the token |
| `renewed_version` | the version that a renewal replaced, so that every renewal changes a field |
| `ttl_at` | for a TTL policy of Firestore, which deletes the documents of dead holders; decides nothing |

`expires_at` is for the predecessor only. It has to be known before the write, so it is the latest time at which the
lease can expire: up to a few seconds after it really does, never before. All times are by the server's clock.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from nba_consolidation.leases.firestore.rpc import StoredDocument, Write, plain_datetime
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

_DELETED_AFTER = timedelta(days=1)
_NEVER = datetime.max.replace(tzinfo=UTC)
_UNKNOWN = "unknown"


def lease_fields(key: str, holder: Holder, ttl: float, operation_id: str, latest_arrival: datetime) -> Fields:
    """The fields of a new lease, except `acquired_at`, which the server fills in."""
    return {
        "operation_id": operation_id,
        "holder_id": holder.holder_id,
        "lock_type": parse_lease_key(key)[0],
        "lock_key": key,
        **_holder_fields(holder),
        **_expiry_fields(ttl, latest_arrival),
    }


def renewal_fields(record: LeaseRecord, ttl: float, latest_arrival: datetime) -> Fields:
    """The fields that a renewal changes."""
    return {
        "token": record.token,
        "renewed_version": record.version,
        **_expiry_fields(ttl, latest_arrival),
    }


def _expiry_fields(ttl: float, latest_arrival: datetime) -> Fields:
    expires_at = latest_arrival + timedelta(seconds=ttl)
    return {"ttl_seconds": float(ttl), "expires_at": expires_at, "ttl_at": expires_at + _DELETED_AFTER}


def audit_fields(lease: LeaseRecord, by: str, reason: str) -> Fields:
    """The fields of a forced release's audit record, except `released_at`, which the server fills in."""
    return {
        "lock_key": lease.key,
        "token": lease.token,
        "version": lease.version,
        "operation_id": lease.operation_id,
        **_holder_fields(lease.holder),
        "acquired_at": lease.acquired_at,
        "expires_at": lease.expires_at,
        "forced_by": by,
        "reason": reason,
    }


def event_fields(event: LeaseEvent) -> Fields:
    """The fields of a lease event; a TTL policy on `ttl_at` deletes it."""
    return {
        "kind": event.kind,
        "lock_key": event.key,
        **_holder_fields(event.holder),
        **_holder_fields(event.other, "other_"),
        "began_at": event.began_at,
        "ends_at": event.ends_at,
        "outcome": event.outcome,
        "ttl_at": event.began_at + EVENTS_KEPT,
    }


def _holder_fields(holder: Holder, prefix: str = "") -> Fields:
    return {f"{prefix}{name}": value for name, value in asdict(holder).items()}


def write(name: str, fields: Fields) -> Write:
    """Write the document unconditionally."""
    return {"update": _document(name, fields)}


def put(name: str, fields: Fields, *, replaces: int | None, timestamp_field: str) -> Write:
    """Create the document, or replace that version of it; the server writes its time into `timestamp_field`."""
    return {
        "update": _document(name, fields),
        "update_transforms": [{"field_path": timestamp_field, "set_to_server_value": "REQUEST_TIME"}],
        "current_document": {"exists": False} if replaces is None else _if_version(replaces),
    }


def change(name: str, fields: Fields, *, version: int) -> Write:
    """Change these fields of the document, if it still has that version."""
    return {
        "update": _document(name, fields),
        "update_mask": {"field_paths": list(fields)},
        "current_document": _if_version(version),
    }


def delete(name: str, *, version: int) -> Write:
    """Delete the document, if it still has that version."""
    return {"delete": name, "current_document": _if_version(version)}


def probe(name: str) -> tuple[Write, ...]:
    """Writes that leave nothing behind and that need the permissions to write and to delete."""
    return {"update": _document(name, {"left_by": "check"})}, {"delete": name}


def lease_of(stored: StoredDocument) -> LeaseRecord:
    """The lease in a document of this project or of the predecessor.

    The predecessor's leases expire by its own clock only. A document without a readable end never expires, so that
    nobody gets the lease until somebody has looked at it.
    """
    fields, version = stored.fields, to_micros(stored.updated_at)
    token = fields["token"].integer_value if "token" in fields else version
    if "ttl_seconds" in fields:
        expires_at = stored.updated_at + timedelta(seconds=fields["ttl_seconds"].double_value)
    else:
        expires_at = _time(fields, "expires_at")
    return LeaseRecord(
        key=stored.id,
        token=token,
        version=version,
        operation_id=_text(fields, "operation_id"),
        holder=_holder(fields),
        acquired_at=from_micros(token),
        expires_at=expires_at,
        read_at=stored.read_at,
    )


def forced_release_of(stored: StoredDocument) -> ForcedRelease:
    """The forced release in a document of the audit collection."""
    fields, released_at = stored.fields, stored.created_at
    lease = LeaseRecord(
        key=_text(fields, "lock_key"),
        token=fields["token"].integer_value,
        version=fields["version"].integer_value,
        operation_id=_text(fields, "operation_id"),
        holder=_holder(fields),
        acquired_at=_time(fields, "acquired_at"),
        expires_at=_time(fields, "expires_at"),
        read_at=released_at,
    )
    return ForcedRelease(lease, _text(fields, "forced_by"), _text(fields, "reason"), released_at)


def event_of(stored: StoredDocument) -> LeaseEvent:
    """The lease event in a document of the event collection."""
    fields = stored.fields
    return LeaseEvent(
        id=stored.id,
        kind=_text(fields, "kind"),
        key=_text(fields, "lock_key"),
        holder=_holder(fields),
        other=_holder(fields, "other_"),
        began_at=_time(fields, "began_at"),
        ends_at=_time(fields, "ends_at"),
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


def _time(fields: "Mapping[str, types.Value]", name: str) -> datetime:
    readable = name in fields and "timestamp_value" in fields[name]
    return plain_datetime(fields[name].timestamp_value) if readable else _NEVER


def _if_version(version: int) -> dict[str, datetime]:
    return {"update_time": from_micros(version)}


def _document(name: str, fields: Fields) -> dict[str, Any]:
    return {"name": name, "fields": {field: _value(value) for field, value in fields.items()}}


def _value(value: str | float | datetime) -> dict[str, Any]:
    kinds = {str: "string_value", int: "integer_value", float: "double_value"}
    return {kinds.get(type(value), "timestamp_value"): value}
