"""Tests of the staging folder alone: damaged files, invalid names, killed processes, and changes while reading."""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.errors import TableRefused, WarehouseUnavailable, WriteRefused
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation.warehouse.staging.parquet_footer import read_footer
from nba_consolidation.warehouse.staging.staging_writer import StagingWriter
from nba_consolidation_tests.warehouse.rows import DATE, KNOWN, NEXT_DATE, A, B, row, rows_table

PREPARE = """
import os, signal, sys
from pathlib import Path
from nba_consolidation.warehouse.staging import parquet
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.warehouse.rows import KNOWN, row, rows_table
staging, name = ParquetStaging(sys.argv[1]), sys.argv[2]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def staging(tmp_path: Path) -> ParquetStaging:
    return ParquetStaging(tmp_path / "staging")


def killed(code: str, staging: ParquetStaging) -> None:
    """Runs the code in a process that kills itself before the end."""
    done = subprocess.run([sys.executable, "-c", PREPARE + code, str(staging.folder), A], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def names(staging: ParquetStaging) -> list[str]:
    return [table.name for table in staging.list_tables(KNOWN)]


def files(staging: ParquetStaging) -> list[Path]:
    return [path for path in staging.folder.rglob("*.parquet") if path.is_file()]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"PAR1",
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:-1],
        lambda _: b"not parquet at all" * 10,
        lambda raw: raw[:-30] + bytes(30),
        lambda raw: raw[:-8] + b"\xff\xff\xff\x7fPAR1",
    ],
)
def test_a_damaged_file_is_listed_with_a_refusal(staging: ParquetStaging, damage: object) -> None:
    staging.write(A, rows_table(row()))
    staging.write(B, rows_table(row()))
    raw = staging.path_of(A).read_bytes()
    staging.path_of(A).write_bytes(damage(raw))  # type: ignore[operator]
    a, b = staging.list_tables(KNOWN)
    assert "cannot be read as Parquet" in str(a.refusal)
    assert b.refusal is None
    assert set(staging.unreadable([a, b])) == {A}


def test_a_damaged_page_is_detected_by_decoding_the_file(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(*[row(prediction_id=str(number)) for number in range(500)]))
    raw = bytearray(staging.path_of(A).read_bytes())
    raw[4:2000] = bytes(1996)
    staging.path_of(A).write_bytes(raw)
    (listed,) = staging.list_tables(KNOWN)
    assert listed.refusal is None
    assert set(staging.unreadable([listed])) == {A}


def test_invalid_utf8_is_detected_by_decoding_the_file(staging: ParquetStaging) -> None:
    table = rows_table(row()).drop_columns(["system_id"])
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\xff\xfe"))
    staging.write(A, table.append_column("system_id", bad))
    assert set(staging.unreadable(staging.list_tables(KNOWN))) == {A}


def test_a_table_with_a_date_after_year_9999_is_refused(staging: ParquetStaging) -> None:
    table = rows_table(row()).drop_columns(["game_date"])
    staging.write(A, table.append_column("game_date", pa.array([2**31 - 1], pa.int32()).cast(pa.date32())))
    assert "cannot be read as Parquet (days=2147483647" in str(staging.list_tables(KNOWN)[0].refusal)


def test_what_is_not_a_file_is_refused_by_name(staging: ParquetStaging) -> None:
    staging.path_of(A).mkdir(parents=True)
    os.mkfifo(staging.path_of(B))
    assert [(table.name, table.refusal) for table in staging.list_tables(KNOWN)] == [
        (A, "it is not a file"), (B, "it is not a file"),
    ]  # fmt: skip


@pytest.mark.parametrize("target", ["../store/_staging_a.parquet", "{folder}/store/_staging_a.parquet", "nowhere"])
def test_incident_r23_a_symbolic_link_is_refused_by_name(staging: ParquetStaging, target: str) -> None:
    staging.write(A, rows_table(row()))
    staging.write(B, rows_table(row()))
    store = staging.folder.parent / "store"
    store.mkdir()
    staging.path_of(A).rename(store / "_staging_a.parquet")
    staging.path_of(A).symlink_to(target.format(folder=staging.folder.parent))
    link, sound = staging.list_tables(KNOWN)
    assert (link.name, sound.name, sound.refusal) == (A, B, None)
    assert link.refusal == "it is a symbolic link; move the file itself here"
    assert (store / "_staging_a.parquet").exists()


def test_a_file_that_becomes_a_link_after_the_listing_is_not_read(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    listed = staging.list_tables(KNOWN)
    staging.path_of(A).rename(staging.folder / "moved")
    staging.path_of(A).symlink_to(staging.folder / "moved")
    with pytest.raises(TableRefused, match="changed since it was listed"), staging.pinned(listed):
        pass
    assert staging.drop(listed) == []


def without_hard_links(self: Path, target: Path) -> None:
    """As FAT and some network file systems answer."""
    raise PermissionError(errno.EPERM, "Operation not permitted", str(target), None, str(self))


def test_a_file_system_without_hard_links_is_named_as_the_cause(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging.write(A, rows_table(row()))
    listed = staging.list_tables(KNOWN)
    monkeypatch.setattr(Path, "hardlink_to", without_hard_links)
    with pytest.raises(WarehouseUnavailable, match="no hard link can be made"), staging.pinned(listed):
        pass
    with pytest.raises(WarehouseUnavailable, match="no hard link can be made"):
        DuckDBWarehouse(staging.folder / "w.duckdb", staging).check()


@pytest.mark.parametrize(
    "name", ["_staging_a'b", "_staging_a;b", "_staging_a b", "_staging_..a", "_staging_" + "x" * 230]
)
def test_a_file_with_an_invalid_name_is_listed_with_a_refusal(staging: ParquetStaging, name: str) -> None:
    staging.write(A, rows_table(row()))
    staging.path_of(A).rename(staging.folder / f"{name}.parquet")
    (listed,) = staging.list_tables(KNOWN)
    assert "characters other than" in str(listed.refusal)


def test_a_table_with_a_repeated_column_is_refused(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()).append_column("System_ID", pa.array(["x"])))
    assert "it has column system_id twice" in str(staging.list_tables(KNOWN)[0].refusal)


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("group", [1, 2, 100])
def test_rows_are_counted_by_date_with_and_without_statistics(tmp_path: Path, statistics: bool, group: int) -> None:
    table = rows_table(*[row(game_date=date) for date in (DATE, DATE, NEXT_DATE, None, DATE)])
    pq.write_table(table, tmp_path / "x", row_group_size=group, write_statistics=statistics)
    assert read_footer(tmp_path / "x").dates == {DATE: 3, NEXT_DATE: 1, None: 1}


def test_a_dictionary_of_dates_is_a_date_column(staging: ParquetStaging) -> None:
    dates = pa.array([DATE, NEXT_DATE]).dictionary_encode()
    staging.write(A, rows_table(row(), row()).drop_columns(["game_date"]).append_column("game_date", dates))
    assert staging.list_tables(KNOWN)[0].dates == {DATE: 1, NEXT_DATE: 1}


def test_a_writer_killed_while_writing_leaves_no_listed_table(staging: ParquetStaging) -> None:
    killed("parquet.os.fsync = die\nstaging.write(name, rows_table(row()))", staging)
    assert names(staging) == []
    assert list(staging.folder.glob(".*.tmp"))


def test_files_of_killed_processes_are_removed_after_some_hours(staging: ParquetStaging) -> None:
    killed("with staging.pinned([staging.write(name, rows_table(row()))]): die()", staging)
    killed("parquet.os.fsync = die\nstaging.write(name, rows_table(row()))", staging)
    leftover = [*(staging.folder / ".pinned").iterdir(), *staging.folder.glob(".*.tmp")]
    assert len(leftover) == 2
    with staging.pinned([]):
        assert all(path.exists() for path in leftover)  # they may belong to a running process
    long_ago = (dt.datetime.now() - dt.timedelta(hours=7)).timestamp()
    for path in leftover:
        os.utime(path, (long_ago, long_ago))
    with staging.pinned([]):
        assert not any(path.exists() for path in leftover)


def test_a_failed_write_raises_and_keeps_the_previous_table(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging.write(A, rows_table(row()))

    def disk_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(WarehouseUnavailable, match=f"{A} was not written.*No space left"):
        staging.write(A, rows_table(row(), row()))
    monkeypatch.undo()
    assert [table.rows for table in staging.list_tables(KNOWN)] == [1]
    assert not list(staging.folder.glob(".*.tmp"))


def test_a_write_succeeds_even_if_the_table_is_dropped_at_once(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def rename_and_delete(self: Path, target: Path) -> Path:
        rename(self, target).unlink()
        return target

    monkeypatch.setattr(Path, "rename", rename_and_delete)
    assert staging.write(A, rows_table(row())).rows == 1


@pytest.mark.parametrize("finish", [lambda staging: staging.drop([]), lambda _: None])
def test_a_drop_of_a_killed_process_is_finished_by_the_next_call(staging: ParquetStaging, finish: object) -> None:
    staging.write(A, rows_table(row()))
    killed("staging._delete_or_put_back = die\nstaging.drop(staging.list_tables(KNOWN))", staging)
    assert len(files(staging)) == 1
    finish(staging)  # type: ignore[operator]
    assert names(staging) == []
    assert files(staging) == []


def test_a_table_is_dropped_although_a_file_of_another_kind_is_in_the_drop_folder(staging: ParquetStaging) -> None:
    table = staging.write(A, rows_table(row()))
    other_file = staging.folder / ".dropping" / table.fingerprint / ".nfs0001"
    other_file.parent.mkdir(parents=True)
    other_file.touch()
    assert staging.drop(staging.list_tables(KNOWN)) == [A]
    assert (files(staging), other_file.exists()) == ([], True)


REDELIVER_THEN_DIE = """
listed = staging.list_tables(KNOWN)
rename = Path.rename
def redeliver_first(self, target):
    if ".dropping" in str(target):
        Path.rename = rename
        staging.write(name, rows_table(row(), row(prediction_id="late")))
    return rename(self, target)
Path.rename = redeliver_first
staging._delete_or_put_back = die
staging.drop(listed)
"""


@pytest.mark.parametrize("finish", [lambda staging: staging.drop([]), lambda _: None])
def test_incident_27_a_redelivery_renamed_by_the_drop_of_a_killed_process_is_put_back(
    staging: ParquetStaging, finish: object
) -> None:
    staging.write(A, rows_table(row()))
    killed(REDELIVER_THEN_DIE, staging)
    assert not staging.path_of(A).exists()
    finish(staging)  # type: ignore[operator]
    assert [(table.name, table.rows) for table in staging.list_tables(KNOWN)] == [(A, 2)]


@pytest.mark.parametrize("finish", [lambda staging: staging.drop([]), lambda _: None])
def test_incident_27_a_redelivery_renamed_by_a_killed_process_does_not_replace_a_newer_one(
    staging: ParquetStaging, finish: object
) -> None:
    staging.write(A, rows_table(row()))
    killed(REDELIVER_THEN_DIE, staging)
    staging.write(A, rows_table(row(), row(), row()))
    finish(staging)  # type: ignore[operator]
    assert [(table.name, table.rows) for table in staging.list_tables(KNOWN)] == [(A, 3)]
    assert files(staging) == [staging.path_of(A)]


def test_incident_27_a_redelivery_just_before_the_drop_is_kept(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging.write(A, rows_table(row()))
    listed = staging.list_tables(KNOWN)
    rename = Path.rename

    def redeliver_first(self: Path, target: Path) -> Path:
        monkeypatch.undo()
        staging.write(A, rows_table(row(), row()))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", redeliver_first)
    assert staging.drop(listed) == []
    assert [(table.name, table.rows) for table in staging.list_tables(KNOWN)] == [(A, 2)]


def test_incident_27_a_redelivery_before_the_drop_is_visible_all_the_time(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging.write(A, rows_table(row()))
    listed = staging.list_tables(KNOWN)
    staging.write(A, rows_table(row(), row()))
    monkeypatch.setattr(Path, "rename", lambda *_: pytest.fail("the table was moved"))
    assert staging.drop(listed) == []
    assert [(table.name, table.rows) for table in staging.list_tables(KNOWN)] == [(A, 2)]


def test_a_listing_does_not_interfere_with_a_drop_in_progress(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    renamed, go_on = threading.Event(), threading.Event()
    dropper = ParquetStaging(staging.folder)
    delete_or_put_back = dropper._delete_or_put_back

    def slowly(dropping: Path) -> bool:
        renamed.set()
        assert go_on.wait(10)
        return delete_or_put_back(dropping)

    dropper._delete_or_put_back = slowly  # type: ignore[method-assign]
    dropped: list[str] = []
    listed = staging.list_tables(KNOWN)
    thread = threading.Thread(target=lambda: dropped.extend(dropper.drop(listed)))
    thread.start()
    assert renamed.wait(10)
    assert names(staging) == []
    assert len(files(staging)) == 1
    go_on.set()
    thread.join(10)
    assert dropped == [A]


def test_of_two_processes_that_drop_the_same_tables_each_table_is_dropped_once(staging: ParquetStaging) -> None:
    for number in range(60):
        staging.write(f"{A}_{number}", rows_table(row()))
    listed = staging.list_tables(KNOWN)
    dropped: list[str] = []
    threads = [
        threading.Thread(target=lambda: dropped.extend(ParquetStaging(staging.folder).drop(listed))) for _ in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(dropped) == sorted(table.name for table in listed)


def test_a_pinned_file_does_not_change_when_its_table_is_replaced_and_dropped(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    with staging.pinned(staging.list_tables(KNOWN)) as (pin,):
        staging.write(A, rows_table(row(), row()))
        staging.drop(staging.list_tables(KNOWN))
        assert pq.read_metadata(pin.path).num_rows == 1
    assert files(staging) == []


def test_a_redelivery_just_after_the_pin_changes_nothing_for_the_reader(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging.write(A, rows_table(row(similar_games_count=1), similar_games_count=pa.int8()))
    listed = staging.list_tables(KNOWN)
    hardlink_to = Path.hardlink_to

    def redeliver_afterwards(self: Path, target: Path) -> None:
        hardlink_to(self, target)
        monkeypatch.undo()
        staging.write(A, rows_table(row(similar_games_count=1), similar_games_count=pa.int64()))

    monkeypatch.setattr(Path, "hardlink_to", redeliver_afterwards)
    with ParquetStaging(staging.folder).pinned(listed) as (pin,):
        assert "int8" in pin.layout
        assert pq.read_schema(pin.path).field("similar_games_count").type == pa.int8()


def test_two_readers_of_one_table_have_separate_pins(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    listed = staging.list_tables(KNOWN)
    with staging.pinned(listed) as (first,):
        with staging.pinned(listed) as (second,):
            assert first.path != second.path
        assert first.path.exists()


def test_a_pin_succeeds_although_an_abandoned_one_is_removed_by_another_process(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    (staging.folder / ".pinned").mkdir()
    (staging.folder / ".pinned" / "removed").symlink_to("nowhere")
    with staging.pinned(staging.list_tables(KNOWN)) as (pin,):
        assert pq.read_metadata(pin.path).num_rows == 1


def test_pinning_an_unreadable_file_is_refused_with_its_name(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    staging.path_of(A).write_bytes(b"PAR1 torn")
    with (
        pytest.raises(TableRefused, match=rf"{A}: it cannot be read as Parquet"),
        staging.pinned(staging.list_tables(KNOWN)),
    ):
        pass


def test_a_staging_folder_that_cannot_hold_pins_is_unavailable(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    (staging.folder / ".pinned").touch()
    with (
        pytest.raises(WarehouseUnavailable, match=r"cannot be linked into .* for reading"),
        staging.pinned(staging.list_tables(KNOWN)),
    ):
        pass


def test_a_listing_writes_nothing_into_the_folder(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    assert names(staging) == [A]
    assert list(staging.folder.iterdir()) == [staging.path_of(A)]


def test_of_workers_that_share_a_name_at_the_same_moment_only_the_first_writes(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes between the first one's look and its rename: it waits, then looks, and is refused."""
    rename, refused = Path.rename, []

    def second() -> None:
        with pytest.raises(WriteRefused):
            StagingWriter(ParquetStaging(staging.folder)).write("b", "w_1", [row()])
        refused.append(True)

    thread = threading.Thread(target=second)

    def rename_after_the_second_came(self: Path, target: Path) -> Path:
        monkeypatch.undo()
        folder = os.open(staging.folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(folder)
        thread.start()
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", rename_after_the_second_came)
    StagingWriter(staging).write("b", "w-1", [row()])
    thread.join(60)
    assert refused == [True]
    (listed,) = staging.list_tables(KNOWN)
    assert listed.origin is not None
    assert listed.origin.worker == "w-1"


def test_a_torn_file_is_replaced(staging: ParquetStaging) -> None:
    staging.folder.mkdir()
    staging.path_of("_staging_b_w").write_bytes(b"PAR1 torn")
    assert StagingWriter(staging).write("b", "w", [row()]).rows == 1


def test_footers_of_replaced_tables_are_forgotten(staging: ParquetStaging) -> None:
    for _ in range(3):
        staging.write(A, rows_table(row()))
        staging.list_tables(KNOWN)
    assert len(staging._footers) == 1


def test_a_refused_table_leaves_no_pin_behind(staging: ParquetStaging) -> None:
    table = staging.write(A, rows_table(row()))
    staging.write(A, rows_table(row()))
    with pytest.raises(TableRefused), staging.pinned([table]):
        pass
    assert list((staging.folder / ".pinned").iterdir()) == []


def test_a_staging_path_that_is_not_a_folder_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WarehouseUnavailable, match="cannot be listed"):
        ParquetStaging(tmp_path / "file").list_tables(KNOWN)
    with pytest.raises(WarehouseUnavailable, match="was not written"):
        ParquetStaging(tmp_path / "file").write(A, rows_table(row()))


def test_a_listing_never_shows_partial_tables_while_many_processes_write(staging: ParquetStaging) -> None:
    code = "for n in range(25): staging.write(f'{name}_{sys.argv[3]}_{n}', rows_table(*[row()] * 50))"
    arguments = [sys.executable, "-c", PREPARE + code, str(staging.folder), A]
    workers = [subprocess.Popen([*arguments, str(number)]) for number in range(2)]
    deadline = time.monotonic() + 60
    while any(worker.poll() is None for worker in workers):
        assert time.monotonic() < deadline
        assert all((table.refusal, table.rows) == (None, 50) for table in staging.list_tables(KNOWN))
    assert [worker.returncode for worker in workers] == [0, 0]
    assert len(names(staging)) == 50


ARCHIVE_THEN_DIE = """
staging._drop = die
staging.archive(staging.list_tables(KNOWN))
"""
DROP_FOR_THE_ARCHIVE_THEN_DIE = """
staging._delete_or_put_back = die
staging.archive(staging.list_tables(KNOWN))
"""


@pytest.mark.parametrize("code", [ARCHIVE_THEN_DIE, DROP_FOR_THE_ARCHIVE_THEN_DIE])
def test_archiving_can_be_repeated_after_a_killed_process(staging: ParquetStaging, code: str) -> None:
    staging.write(A, rows_table(row(), row()))
    killed(code, staging)
    staging.archive(staging.list_tables(KNOWN))
    assert staging.list_tables(KNOWN) == []
    (kept,) = (staging.folder / "archive").iterdir()
    assert pq.read_metadata(kept).num_rows == 2


def test_incident_27_a_redelivery_just_before_archiving_is_kept(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging.write(A, rows_table(row()))
    listed = staging.list_tables(KNOWN)
    hardlink_to = Path.hardlink_to

    def redeliver_first(self: Path, target: Path) -> None:
        monkeypatch.undo()
        staging.write(A, rows_table(row(), row()))
        hardlink_to(self, target)

    monkeypatch.setattr(Path, "hardlink_to", redeliver_first)
    assert staging.archive(listed) == {}
    assert [table.rows for table in staging.list_tables(KNOWN)] == [2]
    assert list((staging.folder / "archive").iterdir()) == []
