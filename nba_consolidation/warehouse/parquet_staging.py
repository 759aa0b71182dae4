"""The embedded staging area: a folder with one Parquet file per staging table. DuckDB is never needed here.

A file appears whole (written under another name, then renamed) and is never changed in place, so its inode, size and
modification time say which state of the table it is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nba_consolidation.tables import Column
from nba_consolidation.warehouse import naming
from nba_consolidation.warehouse.arrow import columns_of
from nba_consolidation.warehouse.contract import KnownDates, StagingTable
from nba_consolidation.warehouse.errors import TableRefused, WarehouseUnavailable

_SUFFIX = ".parquet"
_PINNED = ".pinned"
_DROPPING = ".dropping"
_ABANDONED_AFTER = dt.timedelta(hours=6)
_DateCounts = tuple[Counter[dt.date | None], tuple[Column, ...]]


class ParquetStaging:
    """The folder. It need not exist yet; the first write makes it."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder).absolute()
        self._footers: dict[tuple[str, str], _DateCounts] = {}

    def list_tables(self, known: KnownDates) -> list[StagingTable]:
        """Every `_staging_*.parquet`, by name. Reads footers, and of a file with several dates the date column."""
        tables = [self._describe(entry, known) for entry in self._files()]
        return sorted((table for table in tables if table is not None), key=lambda table: table.name)

    def write(self, name: str, data: pa.Table) -> StagingTable:
        """Writes the file under a hidden name and renames it, so that nobody ever sees half of it."""
        if not naming.is_valid(name):
            raise TableRefused(name, "is not a staging table's name", "use _staging_{batch}_{worker}")
        self.folder.mkdir(parents=True, exist_ok=True)
        hidden = self.folder / f".{name[:80]}.{uuid.uuid4().hex}.tmp"
        try:
            with hidden.open("wb") as file:
                pq.write_table(data, file)
                file.flush()
                os.fsync(file.fileno())
            hidden.rename(self.path_of(name))
        finally:
            hidden.unlink(missing_ok=True)
        stat = self.path_of(name).stat()
        return StagingTable(name, _fingerprint(stat), data.num_rows, _modified(stat), columns_of(data.schema))

    def unreadable(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Decodes each file whole: a damaged page does not show in the footer."""
        reasons = {table.name: _read_error(self.path_of(table.name)) for table in tables}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    def drop(self, tables: Sequence[StagingTable]) -> list[str]:
        """Drops the files that are still the listed ones.

        The file is renamed before it is looked at, so a redelivery in that instant is not dropped in its place.
        """
        self._finish_interrupted_drops()
        return [table.name for table in tables if self._drop(table)]

    def path_of(self, name: str) -> Path:
        """The file of a staging table."""
        return self.folder / f"{name}{_SUFFIX}"

    @contextlib.contextmanager
    def pinned(self, tables: Sequence[StagingTable]) -> Iterator[list[Path]]:
        """The files as they were listed, held by hard links while somebody reads them; in the order given.

        Raises TableRefused for one that changed since.
        """
        folder = self.folder / _PINNED / uuid.uuid4().hex
        folder.mkdir(parents=True)
        try:
            self._remove_abandoned_pins()
            yield [self._pin(table, folder) for table in tables]
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
            if not naming.is_valid(name):
                return _refused(name, stat, "its name has other characters than letters, digits and '_'")
            counts, columns = self._footer(name, _fingerprint(stat))
        except FileNotFoundError:
            return None  # dropped by another consolidation while we listed
        except (OSError, pa.ArrowException, KeyError) as error:
            return _refused(name, stat, f"it cannot be read as Parquet ({_first_line(error)})")
        dates = {date: rows for date, rows in sorted((d, n) for d, n in counts.items() if d in known and d is not None)}
        strays = counts.total() - sum(dates.values())
        table = StagingTable(name, _fingerprint(stat), counts.total(), _modified(stat), columns, dates, strays)
        if dates or not table.rows:
            return table
        return _refused(name, stat, _no_date(counts, columns), table.rows, columns)

    def _footer(self, name: str, fingerprint: str) -> _DateCounts:
        """Rows by date and the columns; kept, since a file of that fingerprint cannot change."""
        key = (name, fingerprint)
        if key not in self._footers:
            with pq.ParquetFile(self.path_of(name)) as file:
                self._footers[key] = (_rows_by_date(file), columns_of(file.schema_arrow))
        return self._footers[key]

    def _pin(self, table: StagingTable, folder: Path) -> Path:
        pin = folder / f"{table.name}{_SUFFIX}"
        try:
            self._link(self.path_of(table.name), pin)
            unchanged = _fingerprint(pin.stat()) == table.fingerprint
        except FileNotFoundError:
            unchanged = False
        if not unchanged:
            raise TableRefused(table.name, "it changed since it was listed", "consolidate again")
        return pin

    def _link(self, source: Path, pin: Path) -> None:
        pin.hardlink_to(source)

    def _remove_abandoned_pins(self) -> None:
        """Pins of a process that was killed: they hold disk space and nothing else."""
        oldest = dt.datetime.now().timestamp() - _ABANDONED_AFTER.total_seconds()
        for folder in (self.folder / _PINNED).iterdir():
            with contextlib.suppress(FileNotFoundError):
                if folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder, ignore_errors=True)

    def _drop(self, table: StagingTable) -> bool:
        aside = self.folder / _DROPPING / table.fingerprint / f"{table.name}{_SUFFIX}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.path_of(table.name).rename(aside)
        except FileNotFoundError:
            return False
        return self._settle(aside)

    def _settle(self, aside: Path) -> bool:
        """Deletes the file that was put aside, or puts it back where it is not the state that was to be dropped."""
        unchanged = _fingerprint(aside.stat()) == aside.parent.name
        if not unchanged:
            with contextlib.suppress(FileExistsError):  # an even newer redelivery stands there already
                (self.folder / aside.name).hardlink_to(aside)
        aside.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # another table of that fingerprint is being dropped
            aside.parent.rmdir()
        return unchanged

    def _finish_interrupted_drops(self) -> None:
        for aside in (self.folder / _DROPPING).glob(f"*/*{_SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):  # somebody else finished it
                self._settle(aside)


def _rows_by_date(file: pq.ParquetFile) -> Counter[dt.date | None]:
    metadata = file.metadata
    if "game_date" not in file.schema_arrow.names:
        return Counter({None: metadata.num_rows})
    if not pa.types.is_date(file.schema_arrow.field("game_date").type):
        return Counter({None: metadata.num_rows})
    return _from_statistics(metadata) or _from_column(file)


def _from_statistics(metadata: pq.FileMetaData) -> Counter[dt.date | None] | None:
    """Rows by date where every row group holds a single one, as nearly all do; else None."""
    names = [metadata.schema.column(index).path for index in range(metadata.num_columns)]
    column = names.index("game_date")
    counts: Counter[dt.date | None] = Counter()
    for index in range(metadata.num_row_groups):
        chunk = metadata.row_group(index).column(column)
        found = chunk.statistics if chunk.is_stats_set else None
        if found is None or not found.has_min_max or not found.has_null_count or found.null_count:
            return None
        if found.min != found.max:
            return None
        counts[found.min] += metadata.row_group(index).num_rows
    return counts


def _from_column(file: pq.ParquetFile) -> Counter[dt.date | None]:
    dates = file.read(columns=["game_date"]).column(0).cast(pa.date32())
    counts: Counter[dt.date | None] = Counter()
    for entry in pc.value_counts(dates.combine_chunks()).to_pylist():
        counts[entry["values"]] += entry["counts"]
    return counts


def _no_date(counts: Counter[dt.date | None], columns: Sequence[Column]) -> str:
    staged = [column.type for column in columns if column.name == "game_date"]
    if not staged:
        return "it has no column game_date"
    if staged != ["DATE"]:
        return f"column game_date is {staged[0]} but DATE in the live table"
    some = ", ".join(str(date) for date in list(counts)[:3])
    return f"it holds no row of a known game date (but of {some})"


def _refused(
    name: str, stat: os.stat_result, reason: str, rows: int = 0, columns: tuple[Column, ...] = ()
) -> StagingTable:
    return StagingTable(name, _fingerprint(stat), rows, _modified(stat), columns, stray_rows=rows, refusal=reason)


def _read_error(path: Path) -> str | None:
    try:
        with pq.ParquetFile(path) as file:
            for _ in file.iter_batches():
                pass
    except (OSError, pa.ArrowException) as error:
        return _first_line(error)
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _fingerprint(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns}-{stat.st_size}-{stat.st_ino}"


def _modified(stat: os.stat_result) -> dt.datetime:
    return dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC)
