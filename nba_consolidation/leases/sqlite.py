"""The lease store of the embedded deployment: one SQLite file, for many processes on one machine.

Every call opens the file and closes it again, so a killed process leaves nothing open. The journal mode is not WAL,
because a rollback journal leaves a single file and leases are written too rarely to need WAL.
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from nba_consolidation.leases.errors import TAKEN_OVER, LeaseDenied, LeaseError, LeaseHeld, LeaseLost, LeaseUnavailable
from nba_consolidation.leases.interface import (
    EVENTS_KEPT,
    ForcedRelease,
    Holder,
    LeaseEvent,
    LeaseRecord,
    Reseed,
    check_forced_release,
    check_reseed,
    from_micros,
    is_over,
    machine_clock,
    take_over,
    to_micros,
)
from nba_consolidation.leases.keys import parse_lease_key, sorted_keys

_APPLICATION_ID = 0x4E42414C  # "NBAL": marks the file, so that another database is neither used nor changed
_FORMAT = 1
_DENIED = {sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_POLL_INTERVAL = 0.02  # seconds, while waiting for a change

_LEASE_COLUMNS = """
    token INTEGER NOT NULL, version INTEGER NOT NULL, operation_id TEXT NOT NULL,
    holder_id TEXT NOT NULL, run_id TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
    acquired_at INTEGER NOT NULL, expires_at INTEGER NOT NULL"""
_SCHEMA = (
    f"CREATE TABLE lease (key TEXT PRIMARY KEY, {_LEASE_COLUMNS}) STRICT",
    f"""CREATE TABLE forced_release (key TEXT NOT NULL, {_LEASE_COLUMNS},
        forced_by TEXT NOT NULL, reason TEXT NOT NULL, released_at INTEGER NOT NULL) STRICT""",
    "CREATE TABLE last_version (version INTEGER NOT NULL) STRICT",
    "INSERT INTO last_version VALUES (0)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_FORMAT}",
)
_NEXT_VERSION = "UPDATE last_version SET version = max(version + 1, ?) RETURNING version"
_READ = "SELECT * FROM lease WHERE key = ?"
_LIST = "SELECT * FROM lease ORDER BY key"
_TAKE = """
    INSERT OR REPLACE INTO lease VALUES (:key, :token, :version, :operation_id, :holder_id, :run_id, :host, :pid,
        :acquired_at, :expires_at)"""
_RENEW = "UPDATE lease SET version = :version, expires_at = :expires_at WHERE key = :key AND version = :old_version"
_RELEASE = "DELETE FROM lease WHERE key = ? AND version = ?"
_RECORD_FORCED_RELEASE = """
    INSERT INTO forced_release VALUES (:key, :token, :version, :operation_id, :holder_id, :run_id, :host, :pid,
        :acquired_at, :expires_at, :forced_by, :reason, :released_at)"""
_LIST_FORCED_RELEASES = "SELECT * FROM forced_release ORDER BY rowid"

# Created with the first reseeding, so that a file of an earlier version remains a valid lease store.
_CREATE_RESEEDS = """
    CREATE TABLE IF NOT EXISTS reseed (previous INTEGER NOT NULL, token INTEGER NOT NULL, reseeded_by TEXT NOT NULL,
        reason TEXT NOT NULL, reseeded_at INTEGER NOT NULL) STRICT"""
_HAS_RESEEDS = "SELECT 1 FROM sqlite_master WHERE name = 'reseed'"
_RECORD_RESEED = "INSERT INTO reseed VALUES (?, ?, ?, ?, ?)"
_LIST_RESEEDS = "SELECT * FROM reseed ORDER BY rowid"
_LAST_VERSION = "SELECT version FROM last_version"
_MOVE_VERSION = "UPDATE last_version SET version = max(version, ?)"
# Created with the first event, so that a file of an earlier version remains a valid lease store.
_CREATE_EVENTS = """
    CREATE TABLE IF NOT EXISTS lease_event (id TEXT PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL,
        holder TEXT NOT NULL, other TEXT NOT NULL, began_at INTEGER NOT NULL, ends_at INTEGER NOT NULL,
        outcome TEXT NOT NULL) STRICT"""
_HAS_EVENTS = "SELECT 1 FROM sqlite_master WHERE name = 'lease_event'"
_DELETE_OLD_EVENTS = "DELETE FROM lease_event WHERE began_at <= ?"
_RECORD_EVENT = """
    INSERT OR REPLACE INTO lease_event VALUES (:id, :kind, :key, :holder, :other, :began_at, :ends_at, :outcome)"""
_LIST_EVENTS = "SELECT * FROM lease_event WHERE began_at > ? ORDER BY began_at, id"


class SqliteLeaseStore:
    """A LeaseStore in the file `path`, which is created with its folder at the first write.

    `clock` is the store's clock. `busy_timeout`: seconds that another writer may keep the file locked (usually a few
    milliseconds) before LeaseUnavailable is raised. `monotonic` and `sleep` are used by `wait_for_change` only.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], datetime] = machine_clock,
        busy_timeout: float = 2.0,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = Path(path)
        self._clock = clock
        self._busy_timeout = busy_timeout
        self._monotonic = monotonic
        self._sleep = sleep

    def try_acquire(
        self, keys: Iterable[str], holder: Holder, ttl: float, *, operation_id: str
    ) -> tuple[LeaseRecord, ...]:
        keys = sorted_keys(keys)
        with self._write() as (connection, now):
            for current in _read(connection, keys, now):
                if not current.expired:
                    raise LeaseHeld(current)
                _record(connection, take_over(current, holder, operation_id), now)
            version = _next_version(connection, now)
            granted = tuple(
                LeaseRecord.granted(key, holder, ttl, operation_id, version=version, now=now) for key in keys
            )
            connection.executemany(_TAKE, map(_to_row, granted))
            return granted

    def renew(self, records: Sequence[LeaseRecord], ttl: float) -> tuple[LeaseRecord, ...]:
        with self._write() as (connection, now):
            version = _next_version(connection, now)
            renewed = tuple(record.renewed(ttl, version=version, now=now) for record in records)
            lost = [
                old.key
                for old, new in zip(records, renewed, strict=True)
                if connection.execute(_RENEW, {**_to_row(new), "old_version": old.version}).rowcount == 0
            ]
            if lost:
                raise LeaseLost(lost, TAKEN_OVER)
            return renewed

    def release(self, records: Sequence[LeaseRecord]) -> tuple[str, ...]:
        with self._write() as (connection, _now):
            return tuple(
                record.key for record in records if connection.execute(_RELEASE, (record.key, record.version)).rowcount
            )

    def inspect(self, keys: Iterable[str]) -> tuple[LeaseRecord, ...]:
        keys = sorted_keys(keys)
        with self._open() as connection:
            return _read(connection, keys, self._clock())

    def list(self) -> tuple[LeaseRecord, ...]:
        with self._open() as connection:
            now = self._clock()
            return tuple(_from_row(row, now) for row in connection.execute(_LIST))

    def force_release(self, key: str, holder_id: str, *, by: str, reason: str) -> ForcedRelease:
        parse_lease_key(key)
        with self._write() as (connection, now):
            lease = check_forced_release(key, _read(connection, [key], now), holder_id, by=by, reason=reason)
            audit = {"forced_by": by, "reason": reason, "released_at": to_micros(now)}
            connection.execute(_RECORD_FORCED_RELEASE, {**_to_row(lease), **audit})
            connection.execute(_RELEASE, (key, lease.version))
            return ForcedRelease(lease, by, reason, now)

    def forced_releases(self) -> tuple[ForcedRelease, ...]:
        with self._open() as connection:
            return tuple(_forced_release_from_row(row) for row in connection.execute(_LIST_FORCED_RELEASES))

    def reseed(self, token: int, *, by: str, reason: str) -> Reseed:
        check_reseed(by, reason)
        with self._write() as (connection, now):
            [(previous,)] = connection.execute(_LAST_VERSION).fetchall()
            connection.execute(_MOVE_VERSION, (token,))
            connection.execute(_CREATE_RESEEDS)
            connection.execute(_RECORD_RESEED, (previous, token, by, reason, to_micros(now)))
            return Reseed(previous, token, by, reason, now)

    def reseeds(self) -> tuple[Reseed, ...]:
        with self._open() as connection:
            if connection.execute(_HAS_RESEEDS).fetchone() is None:
                return ()
            return tuple(_reseed_from_row(row) for row in connection.execute(_LIST_RESEEDS))

    def record(self, event: LeaseEvent) -> None:
        with self._write() as (connection, now):
            _record(connection, event, now)

    def events(self) -> tuple[LeaseEvent, ...]:
        with self._open() as connection:
            if connection.execute(_HAS_EVENTS).fetchone() is None:
                return ()
            now = self._clock()
            rows = connection.execute(_LIST_EVENTS, (to_micros(now - EVENTS_KEPT),))
            return tuple(_event_from_row(row, now) for row in rows)

    def check(self) -> None:
        with self._write() as (connection, _now):
            connection.execute(_MOVE_VERSION, (0,))  # changes nothing, but needs the permission to write

    def wait_for_change(self, record: LeaseRecord, timeout: float) -> None:
        until = self._monotonic() + timeout
        while (left := until - self._monotonic()) > 0 and not is_over(record, self.inspect([record.key])):
            self._sleep(min(_POLL_INTERVAL, left))

    @contextmanager
    def _write(self) -> Iterator[tuple[sqlite3.Connection, datetime]]:
        """One write transaction and its time, read while nobody else can write; an error rolls everything back."""
        with self._open(create=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection, self._clock()
            connection.execute("COMMIT")

    @contextmanager
    def _open(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection. create: the file and its folder, if need be; a store that does not exist reads as empty."""
        try:
            if create:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            name = self._path if create or self._exists() else ":memory:"
            with closing(sqlite3.connect(name, timeout=self._busy_timeout, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                self._prepare(connection)
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise self._lease_error(error) from error

    def _exists(self) -> bool:
        """Whether anything was ever written. Raises OSError for a path that cannot be one."""
        try:
            return self._path.stat().st_size > 0
        except FileNotFoundError:
            return False

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Create the tables if the file is new; refuse a file that is something else."""
        if _is_lease_store(connection):
            return
        connection.execute("BEGIN IMMEDIATE")
        if _pragma(connection, "schema_version") == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
        connection.execute("COMMIT")
        if not _is_lease_store(connection):
            raise LeaseUnavailable(
                f"{self._path} is a SQLite database, but not a lease store of this version. Change the setting of the "
                "lease file, or use the version of this program that created the file."
            )

    def _lease_error(self, error: sqlite3.Error | OSError) -> LeaseError:
        """A missing permission, a busy file and a damaged one need three different people (incident 10)."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        unreachable = code == sqlite3.SQLITE_CANTOPEN and self._is_access_denied()
        if isinstance(error, PermissionError) or code in _DENIED or unreachable:
            return LeaseDenied(
                f"No permission to use lease file {self._path} ({error}). Nothing was changed. Allow this user to read "
                "and write the file and its folder; waiting does not help."
            )
        if code in _BUSY:
            return LeaseUnavailable(
                f"Lease file {self._path} was locked by another process for {self._busy_timeout:g} s ({error}). Stop "
                "that process if it hangs, and run the command again."
            )
        return LeaseUnavailable(
            f"Lease file {self._path} cannot be used ({error}). Check the path, the free disk space, and that the file "
            "is a SQLite database. If it is damaged, move it away while no run is active: a new one is created."
        )

    def _is_access_denied(self) -> bool:
        """Whether a missing permission keeps the file from being opened; SQLite does not say so itself."""
        try:
            path, mode = (
                (self._path, os.R_OK | os.W_OK) if self._path.exists() else (self._path.parent, os.W_OK | os.X_OK)
            )
        except PermissionError:
            return True  # the folder may not even be searched
        return not os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _is_lease_store(connection: sqlite3.Connection) -> bool:
    marks = (_pragma(connection, "application_id"), _pragma(connection, "user_version"))
    return marks == (_APPLICATION_ID, _FORMAT)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    [(value,)] = connection.execute(f"PRAGMA {name}").fetchall()
    return int(value)


def _next_version(connection: sqlite3.Connection, now: datetime) -> int:
    """A version larger than every earlier one, even if the clock stepped back; the counter outlives all leases."""
    [(version,)] = connection.execute(_NEXT_VERSION, (to_micros(now),)).fetchall()
    return int(version)


def _read(connection: sqlite3.Connection, keys: Sequence[str], now: datetime) -> tuple[LeaseRecord, ...]:
    rows = (connection.execute(_READ, (key,)).fetchone() for key in keys)
    return tuple(_from_row(row, now) for row in rows if row is not None)


def _record(connection: sqlite3.Connection, event: LeaseEvent, now: datetime) -> None:
    connection.execute(_CREATE_EVENTS)
    connection.execute(_DELETE_OLD_EVENTS, (to_micros(now - EVENTS_KEPT),))
    connection.execute(_RECORD_EVENT, _event_to_row(event))


def _from_row(row: sqlite3.Row, now: datetime) -> LeaseRecord:
    return LeaseRecord(
        key=row["key"],
        token=row["token"],
        version=row["version"],
        operation_id=row["operation_id"],
        holder=Holder(row["holder_id"], row["run_id"], row["host"], row["pid"]),
        acquired_at=from_micros(row["acquired_at"]),
        expires_at=from_micros(row["expires_at"]),
        read_at=now,
    )


def _forced_release_from_row(row: sqlite3.Row) -> ForcedRelease:
    released_at = from_micros(row["released_at"])
    return ForcedRelease(_from_row(row, released_at), row["forced_by"], row["reason"], released_at)


def _reseed_from_row(row: sqlite3.Row) -> Reseed:
    return Reseed(row["previous"], row["token"], row["reseeded_by"], row["reason"], from_micros(row["reseeded_at"]))


def _to_row(record: LeaseRecord) -> dict[str, Any]:
    times = {"acquired_at": to_micros(record.acquired_at), "expires_at": to_micros(record.expires_at)}
    return {**asdict(record), **asdict(record.holder), **times}


def _event_to_row(event: LeaseEvent) -> dict[str, Any]:
    holders = {"holder": json.dumps(asdict(event.holder)), "other": json.dumps(asdict(event.other))}
    times = {"began_at": to_micros(event.began_at), "ends_at": to_micros(event.ends_at)}
    return {**asdict(event), **holders, **times}


def _event_from_row(row: sqlite3.Row, now: datetime) -> LeaseEvent:
    holders = {name: Holder(**json.loads(row[name])) for name in ("holder", "other")}
    times = {name: from_micros(row[name]) for name in ("began_at", "ends_at")}
    return LeaseEvent(**{**dict(row), **holders, **times, "read_at": now})
