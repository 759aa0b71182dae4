"""The staging folder: damaged files, odd names, killed writers and droppers, and readers that are overtaken."""

from __future__ import annotations

import datetime as dt
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

from nba_consolidation.warehouse.errors import TableRefused, WarehouseUnavailable
from nba_consolidation.warehouse.parquet_footer import read_footer
from nba_consolidation.warehouse.parquet_staging import ParquetStaging

from .rows import DATE, KNOWN, NEXT_DATE, A, B, row, rows_table

PREPARE = """
import os, signal, sys
from pathlib import Path
from nba_consolidation.warehouse import parquet_staging
from nba_consolidation.warehouse.parquet_staging import ParquetStaging
from nba_consolidation_tests.warehouse.rows import KNOWN, row, rows_table
staging, name = ParquetStaging(sys.argv[1]), sys.argv[2]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def staging(tmp_path: Path) -> ParquetStaging:
    return ParquetStaging(tmp_path / "staging")


def killed(code: str, staging: ParquetStaging) -> None:
    """Runs the code in a process that kills itself in the middle."""
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


def test_a_damaged_page_is_found_by_reading_whole(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(*[row(prediction_id=str(number)) for number in range(500)]))
    raw = bytearray(staging.path_of(A).read_bytes())
    raw[4:2000] = bytes(1996)
    staging.path_of(A).write_bytes(raw)
    (listed,) = staging.list_tables(KNOWN)
    assert listed.refusal is None
    assert set(staging.unreadable([listed])) == {A}


def test_text_that_is_not_utf8_is_found_by_reading_whole(staging: ParquetStaging) -> None:
    table = rows_table(row()).drop_columns(["system_id"])
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\xff\xfe"))
    staging.write(A, table.append_column("system_id", bad))
    assert set(staging.unreadable(staging.list_tables(KNOWN))) == {A}


def test_a_date_beyond_all_calendars_refuses_its_table(staging: ParquetStaging) -> None:
    table = rows_table(row()).drop_columns(["game_date"])
    staging.write(A, table.append_column("game_date", pa.array([2**31 - 1], pa.int32()).cast(pa.date32())))
    assert "cannot be read as Parquet (days=2147483647" in str(staging.list_tables(KNOWN)[0].refusal)


def test_a_folder_or_a_dead_link_in_place_of_a_file_stops_nobody(staging: ParquetStaging) -> None:
    staging.path_of(A).mkdir(parents=True)
    staging.path_of(B).symlink_to("nowhere")
    (listed,) = staging.list_tables(KNOWN)
    assert (listed.name, listed.refusal is not None) == (A, True)


@pytest.mark.parametrize(
    "name", ["_staging_a'b", "_staging_a;b", "_staging_a b", "_staging_..a", "_staging_" + "x" * 230]
)
def test_a_file_of_an_odd_name_is_listed_with_a_refusal(staging: ParquetStaging, name: str) -> None:
    staging.write(A, rows_table(row()))
    staging.path_of(A).rename(staging.folder / f"{name}.parquet")
    (listed,) = staging.list_tables(KNOWN)
    assert "other characters" in str(listed.refusal)


def test_a_column_that_stands_twice_refuses_its_table(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()).append_column("System_ID", pa.array(["x"])))
    assert "column system_id stands in it twice" in str(staging.list_tables(KNOWN)[0].refusal)


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


def test_a_writer_killed_in_the_middle_leaves_nothing_that_is_listed(staging: ParquetStaging) -> None:
    killed("parquet_staging.os.fsync = die\nstaging.write(name, rows_table(row()))", staging)
    assert names(staging) == []
    assert list(staging.folder.glob(".*.tmp"))


def test_what_killed_processes_left_is_taken_away_in_time(staging: ParquetStaging) -> None:
    killed("with staging.pinned([staging.write(name, rows_table(row()))]): die()", staging)
    killed("parquet_staging.os.fsync = die\nstaging.write(name, rows_table(row()))", staging)
    left = [*(staging.folder / ".pinned").iterdir(), *staging.folder.glob(".*.tmp")]
    assert len(left) == 2
    with staging.pinned([]):
        assert all(path.exists() for path in left)  # they may be somebody's who is still at it
    long_ago = (dt.datetime.now() - dt.timedelta(hours=7)).timestamp()
    for path in left:
        os.utime(path, (long_ago, long_ago))
    with staging.pinned([]):
        assert not any(path.exists() for path in left)


def test_a_failed_write_leaves_the_older_table_and_reports_nothing(
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


def test_a_write_is_reported_even_if_it_was_merged_and_dropped_at_once(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def rename_and_lose(self: Path, target: Path) -> Path:
        rename(self, target).unlink()
        return target

    monkeypatch.setattr(Path, "rename", rename_and_lose)
    assert staging.write(A, rows_table(row())).rows == 1


@pytest.mark.parametrize("finish", [lambda staging: staging.drop([]), lambda _: None])
def test_a_drop_killed_before_its_end_is_finished_by_the_next(staging: ParquetStaging, finish: object) -> None:
    staging.write(A, rows_table(row()))
    killed("staging._settle = die\nstaging.drop(staging.list_tables(KNOWN))", staging)
    assert len(files(staging)) == 1
    finish(staging)  # type: ignore[operator]
    assert names(staging) == []
    assert files(staging) == []


def test_a_strange_file_beside_the_one_that_is_dropped_stops_no_drop(staging: ParquetStaging) -> None:
    table = staging.write(A, rows_table(row()))
    strange = staging.folder / ".dropping" / table.fingerprint / ".nfs0001"
    strange.parent.mkdir(parents=True)
    strange.touch()
    assert staging.drop(staging.list_tables(KNOWN)) == [A]
    assert (files(staging), strange.exists()) == ([], True)


REDELIVER_THEN_DIE = """
listed = staging.list_tables(KNOWN)
rename = Path.rename
def redelivered_first(self, target):
    if ".dropping" in str(target):
        Path.rename = rename
        staging.write(name, rows_table(row(), row(prediction_id="late")))
    return rename(self, target)
Path.rename = redelivered_first
staging._settle = die
staging.drop(listed)
"""


@pytest.mark.parametrize("finish", [lambda staging: staging.drop([]), lambda _: None])
def test_incident_27_a_redelivery_put_aside_by_a_drop_that_was_killed_comes_back(
    staging: ParquetStaging, finish: object
) -> None:
    staging.write(A, rows_table(row()))
    killed(REDELIVER_THEN_DIE, staging)
    assert not staging.path_of(A).exists()
    finish(staging)  # type: ignore[operator]
    assert [(table.name, table.rows) for table in staging.list_tables(KNOWN)] == [(A, 2)]


@pytest.mark.parametrize("finish", [lambda staging: staging.drop([]), lambda _: None])
def test_incident_27_a_redelivery_put_aside_by_a_drop_that_was_killed_gives_way_to_a_newer_one(
    staging: ParquetStaging, finish: object
) -> None:
    staging.write(A, rows_table(row()))
    killed(REDELIVER_THEN_DIE, staging)
    staging.write(A, rows_table(row(), row(), row()))
    finish(staging)  # type: ignore[operator]
    assert [(table.name, table.rows) for table in staging.list_tables(KNOWN)] == [(A, 3)]
    assert files(staging) == [staging.path_of(A)]


def test_incident_27_a_redelivery_in_the_instant_of_the_drop_is_put_back(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging.write(A, rows_table(row()))
    listed = staging.list_tables(KNOWN)
    rename = Path.rename

    def redelivered_first(self: Path, target: Path) -> Path:
        monkeypatch.undo()
        staging.write(A, rows_table(row(), row()))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", redelivered_first)
    assert staging.drop(listed) == []
    assert [(table.name, table.rows) for table in staging.list_tables(KNOWN)] == [(A, 2)]


def test_a_listing_does_not_meddle_with_a_drop_that_is_going_on(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    put_aside, go_on = threading.Event(), threading.Event()
    dropper = ParquetStaging(staging.folder)
    settle = dropper._settle

    def slow_settle(aside: Path) -> bool:
        put_aside.set()
        assert go_on.wait(10)
        return settle(aside)

    dropper._settle = slow_settle  # type: ignore[method-assign]
    dropped: list[str] = []
    listed = staging.list_tables(KNOWN)
    thread = threading.Thread(target=lambda: dropped.extend(dropper.drop(listed)))
    thread.start()
    assert put_aside.wait(10)
    assert names(staging) == []
    assert len(files(staging)) == 1
    go_on.set()
    thread.join(10)
    assert dropped == [A]


def test_two_that_drop_the_same_tables_drop_each_once(staging: ParquetStaging) -> None:
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


def test_a_pinned_file_stays_what_was_listed_while_it_is_replaced_and_dropped(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    with staging.pinned(staging.list_tables(KNOWN)) as (pin,):
        staging.write(A, rows_table(row(), row()))
        staging.drop(staging.list_tables(KNOWN))
        assert pq.read_metadata(pin.path).num_rows == 1
    assert files(staging) == []


def test_a_redelivery_in_the_instant_after_the_pin_changes_nothing_for_the_reader(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging.write(A, rows_table(row(similar_games_count=1), similar_games_count=pa.int8()))
    listed = staging.list_tables(KNOWN)
    hardlink_to = Path.hardlink_to

    def redelivered_after(self: Path, target: Path) -> None:
        hardlink_to(self, target)
        monkeypatch.undo()
        staging.write(A, rows_table(row(similar_games_count=1), similar_games_count=pa.int64()))

    monkeypatch.setattr(Path, "hardlink_to", redelivered_after)
    with ParquetStaging(staging.folder).pinned(listed) as (pin,):
        assert "int8" in pin.layout
        assert pq.read_schema(pin.path).field("similar_games_count").type == pa.int8()


def test_two_readers_of_one_table_do_not_take_the_pins_from_each_other(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    listed = staging.list_tables(KNOWN)
    with staging.pinned(listed) as (first,):
        with staging.pinned(listed) as (second,):
            assert first.path != second.path
        assert first.path.exists()


def test_what_another_process_takes_away_while_we_look_for_abandoned_pins_stops_nobody(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    (staging.folder / ".pinned").mkdir()
    (staging.folder / ".pinned" / "gone").symlink_to("nowhere")
    with staging.pinned(staging.list_tables(KNOWN)) as (pin,):
        assert pq.read_metadata(pin.path).num_rows == 1


def test_a_file_that_cannot_be_read_is_refused_by_name_when_it_is_pinned(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    staging.path_of(A).write_bytes(b"PAR1 torn")
    with (
        pytest.raises(TableRefused, match=rf"{A}: it cannot be read as Parquet"),
        staging.pinned(staging.list_tables(KNOWN)),
    ):
        pass


def test_a_folder_in_which_nothing_can_be_pinned_is_unavailable(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    (staging.folder / ".pinned").touch()
    with (
        pytest.raises(WarehouseUnavailable, match="cannot be held for reading"),
        staging.pinned(staging.list_tables(KNOWN)),
    ):
        pass


def test_a_listing_writes_nothing_into_the_folder(staging: ParquetStaging) -> None:
    staging.write(A, rows_table(row()))
    assert names(staging) == [A]
    assert list(staging.folder.iterdir()) == [staging.path_of(A)]


def test_a_listing_keeps_no_footer_of_a_table_that_is_gone(staging: ParquetStaging) -> None:
    for _ in range(3):
        staging.write(A, rows_table(row()))
        staging.list_tables(KNOWN)
    assert len(staging._footers) == 1


def test_a_refused_pin_leaves_nothing_behind(staging: ParquetStaging) -> None:
    table = staging.write(A, rows_table(row()))
    staging.write(A, rows_table(row()))
    with pytest.raises(TableRefused), staging.pinned([table]):
        pass
    assert list((staging.folder / ".pinned").iterdir()) == []


def test_a_staging_path_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WarehouseUnavailable, match="cannot be listed"):
        ParquetStaging(tmp_path / "file").list_tables(KNOWN)
    with pytest.raises(WarehouseUnavailable, match="was not written"):
        ParquetStaging(tmp_path / "file").write(A, rows_table(row()))


def test_many_processes_write_while_one_lists_and_nobody_sees_half_a_table(staging: ParquetStaging) -> None:
    code = "for n in range(25): staging.write(f'{name}_{sys.argv[3]}_{n}', rows_table(*[row()] * 50))"
    arguments = [sys.executable, "-c", PREPARE + code, str(staging.folder), A]
    workers = [subprocess.Popen([*arguments, str(number)]) for number in range(3)]
    deadline = time.monotonic() + 60
    while any(worker.poll() is None for worker in workers):
        assert time.monotonic() < deadline
        assert all((table.refusal, table.rows) == (None, 50) for table in staging.list_tables(KNOWN))
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert len(names(staging)) == 75


ARCHIVE_THEN_DIE = """
staging._drop = die
staging.archive(staging.list_tables(KNOWN))
"""
DROP_FOR_THE_ARCHIVE_THEN_DIE = """
staging._settle = die
staging.archive(staging.list_tables(KNOWN))
"""


@pytest.mark.parametrize("code", [ARCHIVE_THEN_DIE, DROP_FOR_THE_ARCHIVE_THEN_DIE])
def test_an_archiving_killed_before_its_end_loses_nothing_and_can_be_repeated(
    staging: ParquetStaging, code: str
) -> None:
    staging.write(A, rows_table(row(), row()))
    killed(code, staging)
    staging.archive(staging.list_tables(KNOWN))
    assert staging.list_tables(KNOWN) == []
    (kept,) = (staging.folder / "archive").iterdir()
    assert pq.read_metadata(kept).num_rows == 2


def test_incident_27_a_redelivery_in_the_instant_of_the_archiving_stays(
    staging: ParquetStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging.write(A, rows_table(row()))
    listed = staging.list_tables(KNOWN)
    hardlink_to = Path.hardlink_to

    def redelivered_first(self: Path, target: Path) -> None:
        monkeypatch.undo()
        staging.write(A, rows_table(row(), row()))
        hardlink_to(self, target)

    monkeypatch.setattr(Path, "hardlink_to", redelivered_first)
    assert staging.archive(listed) == {}
    assert [table.rows for table in staging.list_tables(KNOWN)] == [2]
    assert list((staging.folder / "archive").iterdir()) == []
