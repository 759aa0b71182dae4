"""The embedded staging area: a folder with one Parquet file per staging table. It does not need DuckDB.

A file is written under another name, then renamed, and never changed in place. Its inode, size and modification time
therefore identify the state of the table.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import os
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISREG

import pyarrow as pa
import pyarrow.parquet as pq

from nba_consolidation.schema import Column
from nba_consolidation.warehouse.arrow_types import columns_of
from nba_consolidation.warehouse.errors import TableRefused, WarehouseUnavailable, first_line
from nba_consolidation.warehouse.hard_links import hard_link, write_fault
from nba_consolidation.warehouse.staging import table_names
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingTable, changed_since_listed, no_known_date
from nba_consolidation.warehouse.staging.origin import Origin, ensure_replaceable
from nba_consolidation.warehouse.staging.parquet_footer import (
    ORIGIN,
    UNREADABLE,
    Footer,
    read_business_keys,
    read_error,
    read_footer,
)

_SUFFIX = ".parquet"
_PINNED = ".pinned"
_DROPPING = ".dropping"
_ARCHIVE = "archive"
_UNFINISHED = ".tmp"
_ABANDONED_AFTER = dt.timedelta(hours=6)


@dataclass(frozen=True)
class PinnedFile:
    """A hard link to a staging table's file in its listed state, and the Arrow types of its columns."""

    path: Path
    layout: tuple[str, ...]


class ParquetStaging:
    """A folder of staging files. It need not exist yet: the first write creates it."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder).absolute()
        self._footers: dict[tuple[str, str], Footer] = {}

    def list_tables(self, known: KnownDates) -> list[StagingTable]:
        """Every `_staging_*.parquet`, by name. Reads the footers, and the date column of files with several dates.

        First finishes the drops of killed processes, so that no table stays hidden.
        """
        with contextlib.suppress(OSError), self._drop_lock(wait=False):  # the lock is taken, or the folder is read-only
            self._finish_interrupted_drops()
        tables = [table for entry in self._files() if (table := self._describe(entry, known)) is not None]
        current = {(table.name, table.fingerprint) for table in tables}
        self._footers = {key: footer for key, footer in self._footers.items() if key in current}
        return sorted(tables, key=lambda table: table.name)

    def write(self, name: str, data: pa.Table, origin: Origin | None = None, *, replace: bool = True) -> StagingTable:
        """Writes the file under a hidden name and renames it, so that readers never see a partial file.

        Raises TableRefused for an invalid name, WriteRefused for a table that must not be replaced,
        WarehouseUnavailable if nothing was written.
        """
        if not table_names.is_valid(name):
            raise TableRefused(name, "is not a valid name", "use _staging_{batch}_{worker}")
        hidden = self.folder / f".{name[:80]}.{uuid.uuid4().hex}{_UNFINISHED}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            stat = _write_durably(hidden, data, origin)
            with self._write_lock():
                if origin is not None:
                    self._ensure_replaceable(name, origin, None if replace else data)
                hidden.rename(self.path_of(name))
        except OSError as error:
            raise WarehouseUnavailable(f"staging table {name} was not written to {self.folder}: {error}") from error
        finally:
            with contextlib.suppress(OSError):
                hidden.unlink()
        columns = columns_of(data.schema)
        return StagingTable(name, _fingerprint(stat), data.num_rows, _modified(stat), columns, origin=origin)

    def check_write(self) -> None:
        """Raises WarehouseUnavailable if no file can be written into the folder. Leaves nothing behind."""
        if fault := write_fault(self.folder):
            raise WarehouseUnavailable(f"{fault}; make it writable for this user, or choose another")

    def unreadable(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Decodes each file completely, because a damaged page does not show in the footer."""
        reasons = {table.name: read_error(self.path_of(table.name)) for table in tables}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    def drop(self, tables: Sequence[StagingTable]) -> list[str]:
        """Deletes the files that have not changed since they were listed.

        Each file is renamed before its state is compared, so that a redelivery in that instant is not deleted instead.
        """
        with self._ready_to_drop("dropped"):
            return [table.name for table in tables if self._drop(table)]

    def archive(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Moves the files that have not changed since they were listed to `archive/`, which is not listed.

        To stage one again, move it back and remove the hash from its name.
        """
        with self._ready_to_drop("archived"):
            return {table.name: str(path) for table in tables if (path := self._archive(table)) is not None}

    def path_of(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"

    @contextlib.contextmanager
    def pinned(self, tables: Sequence[StagingTable]) -> Iterator[list[PinnedFile]]:
        """Hard links to the files in their listed state, in the order of `tables`, while the block reads them.

        Raises TableRefused for a table that changed since it was listed.
        """
        folder = self.folder / _PINNED / uuid.uuid4().hex
        try:
            yield self._pin_all(tables, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def _write_lock(self) -> Iterator[None]:
        """Only one process replaces a file at a time, so that nothing changes between the check and the rename."""
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # NFS cannot lock folders; two workers rarely share a name
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _ensure_replaceable(self, name: str, origin: Origin, data: pa.Table | None) -> None:
        """A file that cannot be read may be replaced: no rows are lost."""
        path = self.path_of(name)
        try:
            existing = read_footer(path).origin
            keys = [] if data is None else list(read_business_keys(path))
        except UNREADABLE:
            return
        ensure_replaceable(name, existing, origin, lambda: keys, data)

    def _files(self) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.folder) as entries:
                return [e for e in entries if e.name.startswith(table_names.PREFIX) and e.name.endswith(_SUFFIX)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise WarehouseUnavailable(f"staging folder {self.folder} cannot be listed ({error.strerror})") from error

    def _describe(self, entry: os.DirEntry[str], known: KnownDates) -> StagingTable | None:
        name = entry.name.removesuffix(_SUFFIX)
        try:
            stat = entry.stat(follow_symlinks=False)
        except OSError:
            return None  # dropped by another consolidation during the listing
        if entry.is_symlink():  # the file behind it can change or go away while the link stays as it is
            return _refused(name, stat, "it is a symbolic link; move the file itself here")
        if not S_ISREG(stat.st_mode):  # to open a pipe would wait for ever
            return _refused(name, stat, "it is not a file")
        if not table_names.is_valid(name):
            return _refused(name, stat, "its name is too long or has characters other than letters, digits and '_'")
        try:
            footer = self._footer(name, _fingerprint(stat), self.path_of(name))
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            return _refused(name, stat, f"it cannot be read as Parquet ({first_line(error)})")
        dates = {date: footer.dates[date] for date in sorted(d for d in footer.dates if d is not None and d in known)}
        stray_rows = footer.rows - sum(dates.values())
        refusal = _repeated_column(footer.columns)
        if footer.rows and not dates:
            refusal = refusal or no_known_date(footer.columns, list(footer.dates))
        if refusal:
            return replace(_refused(name, stat, refusal, footer.rows, footer.columns), origin=footer.origin)
        return StagingTable(
            name, _fingerprint(stat), footer.rows, _modified(stat), footer.columns, dates, stray_rows,
            origin=footer.origin,
        )  # fmt: skip

    def _footer(self, name: str, fingerprint: str, path: Path) -> Footer:
        """The footer, cached: a file with that fingerprint does not change."""
        key = (name, fingerprint)
        if key not in self._footers:
            self._footers[key] = read_footer(path)
        return self._footers[key]

    def _pin_all(self, tables: Sequence[StagingTable], folder: Path) -> list[PinnedFile]:
        try:
            folder.mkdir(parents=True)
            self._remove_abandoned()
            return [self._pin(table, folder) for table in tables]
        except OSError as error:
            raise WarehouseUnavailable(
                f"staging files cannot be linked into {folder.parent} for reading ({error}); check its permissions"
            ) from error

    def _pin(self, table: StagingTable, folder: Path) -> PinnedFile:
        pin = folder / f"{table.name}{_SUFFIX}"
        try:
            hard_link(pin, self.path_of(table.name))
            unchanged = _fingerprint(pin.lstat()) == table.fingerprint
        except FileNotFoundError:
            unchanged = False
        if not unchanged:
            raise changed_since_listed(table.name)
        return PinnedFile(pin, self._layout(table, pin))

    def _layout(self, table: StagingTable, pin: Path) -> tuple[str, ...]:
        try:
            return self._footer(table.name, table.fingerprint, pin).layout
        except UNREADABLE as error:
            reason = f"it cannot be read as Parquet ({first_line(error)})"
            raise TableRefused(table.name, reason, "repair the file, or move it away") from error

    def _remove_abandoned(self) -> None:
        """Removes links and unfinished files that killed processes left behind; they only take up disk space."""
        oldest = dt.datetime.now(dt.UTC).timestamp() - _ABANDONED_AFTER.total_seconds()
        for path in [*(self.folder / _PINNED).iterdir(), *self.folder.glob(f".*{_UNFINISHED}")]:
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    @contextlib.contextmanager
    def _drop_lock(self, *, wait: bool) -> Iterator[None]:
        """Only one process drops at a time. If none does, the files in the drop folder are those of a killed process.

        The operating system releases the lock when the process dies. Raises BlockingIOError if it must not wait.
        """
        folder = self.folder / _DROPPING
        if not wait and not folder.exists():
            yield
            return
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield

    @contextlib.contextmanager
    def _ready_to_drop(self, purpose: str) -> Iterator[None]:
        """Holds the drop lock, after finishing the drops of killed processes."""
        if not self.folder.exists():
            yield
            return
        try:
            with self._drop_lock(wait=True):
                self._finish_interrupted_drops()
                yield
        except OSError as error:
            raise WarehouseUnavailable(f"staging tables in {self.folder} cannot be {purpose} ({error})") from error

    def _drop(self, table: StagingTable) -> bool:
        path = self.path_of(table.name)
        dropping = self.folder / _DROPPING / table.fingerprint / path.name
        try:
            if _fingerprint(path.lstat()) != table.fingerprint:
                return False
            dropping.parent.mkdir(exist_ok=True)
            path.rename(dropping)
        except FileNotFoundError:
            return False
        return self._delete_or_put_back(dropping)

    def _archive(self, table: StagingTable) -> Path | None:
        """The new path. The file is linked there before it is dropped here, so that it always exists somewhere."""
        state = hashlib.sha256(table.fingerprint.encode()).hexdigest()[:16]  # shorter, for the longest of names
        archived = self.folder / _ARCHIVE / f"{table.name}.{state}{_SUFFIX}"
        archived.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError):  # a process linked this state and was then killed
            try:
                hard_link(archived, self.path_of(table.name))
            except FileNotFoundError:
                return None
        if _fingerprint(archived.lstat()) == table.fingerprint and self._drop(table):
            return archived
        archived.unlink()  # the table has changed since it was listed: its new state stays where it is
        return None

    def _delete_or_put_back(self, dropping: Path) -> bool:
        """Deletes a file that was moved to be dropped, or puts it back if it is not in the state to be dropped."""
        unchanged = _fingerprint(dropping.lstat()) == dropping.parent.name
        if not unchanged:
            with contextlib.suppress(FileExistsError):  # an even newer redelivery is there already
                hard_link(self.folder / dropping.name, dropping)
        dropping.unlink()
        with contextlib.suppress(OSError):  # a file of another kind is in it; NFS, for one, leaves such files
            dropping.parent.rmdir()
        return unchanged

    def _finish_interrupted_drops(self) -> None:
        for dropping in (self.folder / _DROPPING).glob(f"*/*{_SUFFIX}"):
            self._delete_or_put_back(dropping)


def _write_durably(path: Path, data: pa.Table, origin: Origin | None) -> os.stat_result:
    """Returns the file's state now: once it is renamed, it can be merged and dropped at any time."""
    if origin is not None:
        data = data.replace_schema_metadata({**(data.schema.metadata or {}), ORIGIN: origin.to_text()})
    with path.open("wb") as file:
        pq.write_table(data, file)
        file.flush()
        os.fsync(file.fileno())
        return os.fstat(file.fileno())


def _repeated_column(columns: Sequence[Column]) -> str | None:
    names = Counter(column.name.lower() for column in columns)
    repeated = [name for name, times in names.items() if times > 1]
    return f"it has column {repeated[0]} twice" if repeated else None


def _refused(
    name: str, stat: os.stat_result, reason: str, rows: int = 0, columns: tuple[Column, ...] = ()
) -> StagingTable:
    return StagingTable(name, _fingerprint(stat), rows, _modified(stat), columns, stray_rows=rows, refusal=reason)


def _fingerprint(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns}-{stat.st_size}-{stat.st_ino}"


def _modified(stat: os.stat_result) -> dt.datetime:
    return dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC)
