"""The embedded staging area: a folder with one Parquet file per staging table. DuckDB is never needed here.

A file appears whole (written under another name, then renamed) and is never changed in place, so its inode, size and
modification time say which state of the table it is. What stands in a file is `parquet_footer`'s business.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from nba_consolidation.tables import Column
from nba_consolidation.warehouse import naming
from nba_consolidation.warehouse.arrow import columns_of
from nba_consolidation.warehouse.contract import KnownDates, StagingTable
from nba_consolidation.warehouse.errors import TableRefused, WarehouseUnavailable
from nba_consolidation.warehouse.parquet_footer import UNREADABLE, Footer, first_line, read_error, read_footer

_SUFFIX = ".parquet"
_PINNED = ".pinned"
_DROPPING = ".dropping"
_ARCHIVE = "archive"
_HALF_WRITTEN = ".tmp"
_ABANDONED_AFTER = dt.timedelta(hours=6)


@dataclass(frozen=True)
class PinnedFile:
    """A staging table's file in the state in which it was listed, for whoever reads it now."""

    path: Path
    layout: tuple[str, ...]


class ParquetStaging:
    """The folder. It need not exist yet; the first write makes it."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder).absolute()
        self._footers: dict[tuple[str, str], Footer] = {}

    def list_tables(self, known: KnownDates) -> list[StagingTable]:
        """Every `_staging_*.parquet`, by name. Reads footers, and of a file with several dates the date column.

        First it finishes drops that a killed process left half done, so that no table stays out of sight.
        """
        with contextlib.suppress(OSError), self._dropping(wait=False):  # busy, or a folder that we may only read
            self._finish_interrupted_drops()
        tables = [table for entry in self._files() if (table := self._describe(entry, known)) is not None]
        current = {(table.name, table.fingerprint) for table in tables}
        self._footers = {key: footer for key, footer in self._footers.items() if key in current}
        return sorted(tables, key=lambda table: table.name)

    def write(self, name: str, data: pa.Table) -> StagingTable:
        """Writes the file under a hidden name and renames it, so that nobody ever sees half of it.

        Raises TableRefused for a name that is none, WarehouseUnavailable where nothing was written.
        """
        if not naming.is_valid(name):
            raise TableRefused(name, "is not a staging table's name", "use _staging_{batch}_{worker}")
        hidden = self.folder / f".{name[:80]}.{uuid.uuid4().hex}{_HALF_WRITTEN}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            stat = _write_durably(hidden, data)
            hidden.rename(self.path_of(name))
        except OSError as error:
            raise WarehouseUnavailable(f"staging table {name} was not written to {self.folder}: {error}") from error
        finally:
            with contextlib.suppress(OSError):
                hidden.unlink()
        return StagingTable(name, _fingerprint(stat), data.num_rows, _modified(stat), columns_of(data.schema))

    def unreadable(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Decodes each file whole: a damaged page does not show in the footer."""
        reasons = {table.name: read_error(self.path_of(table.name)) for table in tables}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    def drop(self, tables: Sequence[StagingTable]) -> list[str]:
        """Drops the files that are still the listed ones.

        The file is renamed before it is looked at, so a redelivery in that instant is not dropped in its place.
        """
        with self._putting_aside("dropped"):
            return [table.name for table in tables if self._drop(table)]

    def archive(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Moves the files that are still the listed ones to `archive/`, which nobody lists.

        To stage one again, move it back under its name without the state that stands behind it.
        """
        with self._putting_aside("archived"):
            return {table.name: str(place) for table in tables if (place := self._archive(table)) is not None}

    def path_of(self, name: str) -> Path:
        """The file of a staging table."""
        return self.folder / f"{name}{_SUFFIX}"

    @contextlib.contextmanager
    def pinned(self, tables: Sequence[StagingTable]) -> Iterator[list[PinnedFile]]:
        """The files as they were listed, held by hard links while somebody reads them; in the order given.

        Raises TableRefused for one that changed since.
        """
        folder = self.folder / _PINNED / uuid.uuid4().hex
        try:
            yield self._pin_all(tables, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _files(self) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.folder) as entries:
                return [e for e in entries if e.name.startswith(naming.PREFIX) and e.name.endswith(_SUFFIX)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise WarehouseUnavailable(f"staging folder {self.folder} cannot be listed ({error.strerror})") from error

    def _describe(self, entry: os.DirEntry[str], known: KnownDates) -> StagingTable | None:
        name = entry.name.removesuffix(_SUFFIX)
        try:
            stat = entry.stat()
        except OSError:
            return None  # dropped by another consolidation while we listed, or a link to nowhere
        if not naming.is_valid(name):
            return _refused(name, stat, "its name has other characters than letters, digits and '_', or too many")
        try:
            footer = self._footer(name, _fingerprint(stat), self.path_of(name))
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            return _refused(name, stat, f"it cannot be read as Parquet ({first_line(error)})")
        dates = {date: footer.dates[date] for date in sorted(d for d in footer.dates if d is not None and d in known)}
        strays = footer.rows - sum(dates.values())
        refusal = _twice(footer.columns) or (_no_date(footer) if footer.rows and not dates else None)
        if refusal:
            return _refused(name, stat, refusal, footer.rows, footer.columns)
        return StagingTable(name, _fingerprint(stat), footer.rows, _modified(stat), footer.columns, dates, strays)

    def _footer(self, name: str, fingerprint: str, path: Path) -> Footer:
        """The footer; kept, since a file of that fingerprint cannot change."""
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
                f"staging tables cannot be held for reading in {folder.parent} ({error}); that needs a file system "
                "with hard links, and files that this user may write"
            ) from error

    def _pin(self, table: StagingTable, folder: Path) -> PinnedFile:
        pin = folder / f"{table.name}{_SUFFIX}"
        try:
            pin.hardlink_to(self.path_of(table.name))
            unchanged = _fingerprint(pin.stat()) == table.fingerprint
        except FileNotFoundError:
            unchanged = False
        if not unchanged:
            raise TableRefused(table.name, "it changed since it was listed", "consolidate again")
        return PinnedFile(pin, self._layout(table, pin))

    def _layout(self, table: StagingTable, pin: Path) -> tuple[str, ...]:
        try:
            return self._footer(table.name, table.fingerprint, pin).layout
        except UNREADABLE as error:
            reason = f"it cannot be read as Parquet ({first_line(error)})"
            raise TableRefused(table.name, reason, "mend the file, or take it away") from error

    def _remove_abandoned(self) -> None:
        """Pins and half-written files of processes that were killed: they hold disk space and nothing else."""
        oldest = dt.datetime.now(dt.UTC).timestamp() - _ABANDONED_AFTER.total_seconds()
        for left in [*(self.folder / _PINNED).iterdir(), *self.folder.glob(f".*{_HALF_WRITTEN}")]:
            with contextlib.suppress(OSError):
                if left.stat().st_mtime < oldest:
                    shutil.rmtree(left) if left.is_dir() else left.unlink()

    @contextlib.contextmanager
    def _dropping(self, *, wait: bool) -> Iterator[None]:
        """One process at a time drops: so what another finds put aside was left there by one that was killed.

        The operating system lets go of the lock when its process dies. Raises BlockingIOError where it may not wait.
        """
        folder = self.folder / _DROPPING
        if not wait and not folder.exists():
            yield
            return
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield

    @contextlib.contextmanager
    def _putting_aside(self, what_for: str) -> Iterator[None]:
        if not self.folder.exists():
            yield
            return
        try:
            with self._dropping(wait=True):
                self._finish_interrupted_drops()
                yield
        except OSError as error:
            raise WarehouseUnavailable(f"staging tables in {self.folder} cannot be {what_for} ({error})") from error

    def _drop(self, table: StagingTable) -> bool:
        path = self.path_of(table.name)
        aside = self.folder / _DROPPING / table.fingerprint / path.name
        try:
            if _fingerprint(path.stat()) != table.fingerprint:
                return False
            aside.parent.mkdir(exist_ok=True)
            path.rename(aside)
        except FileNotFoundError:
            return False
        return self._settle(aside)

    def _archive(self, table: StagingTable) -> Path | None:
        """Where the file lies now. It is linked there before it goes from here, so it is never in neither place."""
        place = self.folder / _ARCHIVE / f"{table.name}.{table.fingerprint}{_SUFFIX}"
        place.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError):  # that state was linked by a process that was killed then
            try:
                place.hardlink_to(self.path_of(table.name))
            except FileNotFoundError:
                return None
        if _fingerprint(place.stat()) == table.fingerprint and self._drop(table):
            return place
        place.unlink()  # the state that was listed is gone, and another one stays
        return None

    def _settle(self, aside: Path) -> bool:
        """Deletes the file that was put aside, or puts it back where it is not the state that was to be dropped."""
        unchanged = _fingerprint(aside.stat()) == aside.parent.name
        if not unchanged:
            with contextlib.suppress(FileExistsError):  # an even newer redelivery stands there already
                (self.folder / aside.name).hardlink_to(aside)
        aside.unlink()
        with contextlib.suppress(OSError):  # a file that is not ours lies in it, as NFS leaves them
            aside.parent.rmdir()
        return unchanged

    def _finish_interrupted_drops(self) -> None:
        for aside in (self.folder / _DROPPING).glob(f"*/*{_SUFFIX}"):
            self._settle(aside)


def _write_durably(path: Path, data: pa.Table) -> os.stat_result:
    """The state of the file as it was written: once it has its name, it may be merged and dropped at any moment."""
    with path.open("wb") as file:
        pq.write_table(data, file)
        file.flush()
        os.fsync(file.fileno())
        return os.fstat(file.fileno())


def _twice(columns: Sequence[Column]) -> str | None:
    names = Counter(column.name.lower() for column in columns)
    repeated = [name for name, times in names.items() if times > 1]
    return f"column {repeated[0]} stands in it twice" if repeated else None


def _no_date(footer: Footer) -> str:
    staged = [column.type for column in footer.columns if column.name == "game_date"]
    if not staged:
        return "it has no column game_date"
    if staged != ["DATE"]:
        return f"column game_date is {staged[0]} but DATE in the live table"
    some = ", ".join(str(date) for date in list(footer.dates)[:3])
    return f"it holds no row of a known game date (but of {some})"


def _refused(
    name: str, stat: os.stat_result, reason: str, rows: int = 0, columns: tuple[Column, ...] = ()
) -> StagingTable:
    return StagingTable(name, _fingerprint(stat), rows, _modified(stat), columns, stray_rows=rows, refusal=reason)


def _fingerprint(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns}-{stat.st_size}-{stat.st_ino}"


def _modified(stat: os.stat_result) -> dt.datetime:
    return dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC)
