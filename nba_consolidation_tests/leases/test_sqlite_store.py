"""Tests of the SQLite store alone: its file, permissions, a busy writer, and its wait for a change."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from nba_consolidation.leases import LeaseDenied, LeaseError, LeaseUnavailable
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation_tests.leases.fakes import ANNA, BERT, KEY, FakeClock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "leases.sqlite"


@pytest.fixture
def folder_of_an_ordinary_user() -> Iterator[Path]:
    """A folder whose permissions apply: root, who may do anything, becomes `nobody` during the test."""
    with tempfile.TemporaryDirectory() as name:
        me = os.geteuid()
        if me == 0:
            os.chown(name, 65534, 65534)
            os.seteuid(65534)
        yield Path(name)
        Path(name).chmod(0o700)
        os.seteuid(me)


def test_the_file_and_its_folder_are_created_at_the_first_write_and_never_by_a_read(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "leases.sqlite"
    store = SqliteLeaseStore(file)
    assert (store.list(), store.inspect([KEY]), store.events(), store.forced_releases(), store.reseeds()) == ((),) * 5
    assert not file.parent.parent.exists()
    store.check()
    assert file.exists()


def test_an_idle_store_is_one_single_file(file: Path) -> None:
    SqliteLeaseStore(file).try_acquire([KEY], ANNA, 30, operation_id="nonce")
    assert list(file.parent.iterdir()) == [file]


def test_leases_tokens_and_the_audit_outlive_the_store_object(file: Path, clock: FakeClock) -> None:
    (record,) = SqliteLeaseStore(file, clock=clock.now).try_acquire([KEY], ANNA, 30, operation_id="nonce")
    reopened = SqliteLeaseStore(file, clock=clock.now)
    assert reopened.inspect([KEY]) == (record,)
    forced = reopened.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")
    clock.step(-3600)
    reopened = SqliteLeaseStore(file, clock=clock.now)
    assert reopened.forced_releases() == (forced,)
    (again,) = reopened.try_acquire([KEY], ANNA, 30, operation_id="again")
    assert again.token > record.token


def test_a_busy_file_is_unavailable_and_is_named(file: Path) -> None:
    store = SqliteLeaseStore(file, busy_timeout=0)
    store.check()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LeaseUnavailable, match=r"leases\.sqlite was locked by another process for 0 s"):
            store.try_acquire([KEY], ANNA, 30, operation_id="nonce")
    assert store.list() == ()


def test_nobody_else_writes_between_the_time_of_a_write_and_its_end(file: Path, clock: FakeClock) -> None:
    other = SqliteLeaseStore(file, busy_timeout=0)
    other.check()

    def try_to_write_meanwhile() -> datetime:
        with pytest.raises(LeaseUnavailable, match="locked by another process"):
            other.try_acquire([KEY], BERT, 30, operation_id="berts")
        return clock.now()

    store = SqliteLeaseStore(file, clock=try_to_write_meanwhile)
    assert [record.holder for record in store.try_acquire([KEY], ANNA, 30, operation_id="annas")] == [ANNA]


def test_a_file_that_is_not_a_database_is_refused_and_unchanged(file: Path) -> None:
    content = "player_lookup,points\n" * 100
    file.write_text(content)
    with pytest.raises(LeaseUnavailable, match=r"leases\.sqlite cannot be used"):
        SqliteLeaseStore(file).list()
    assert file.read_text() == content


def test_another_sqlite_database_is_refused_and_unchanged(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE lease (key TEXT)")
    with pytest.raises(LeaseUnavailable, match="not a lease store"):
        SqliteLeaseStore(file).list()
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("lease",)]


def test_a_folder_in_the_place_of_the_file_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(LeaseUnavailable, match="cannot be used"):
        SqliteLeaseStore(tmp_path).list()


def test_a_file_in_the_place_of_the_folder_is_unavailable(file: Path) -> None:
    file.write_text("")
    with pytest.raises(LeaseUnavailable, match="cannot be used"):
        SqliteLeaseStore(file / "leases.sqlite").list()


@pytest.mark.parametrize("barrier", ["no folder", "closed folder", "shut folder", "secret file", "read-only file"])
def test_incident_10_permission_denied_is_not_reported_as_held(folder_of_an_ordinary_user: Path, barrier: str) -> None:
    folder = folder_of_an_ordinary_user
    file = folder / "leases.sqlite"
    if barrier == "no folder":
        file = folder / "made" / "leases.sqlite"
        folder.chmod(0o500)
    elif barrier.endswith("folder"):
        folder.chmod(0o500 if barrier == "closed folder" else 0o000)
    else:
        SqliteLeaseStore(file).check()
        file.chmod(0o000 if barrier == "secret file" else 0o400)
    with pytest.raises(LeaseError, match=r"No permission .*leases\.sqlite.*waiting does not help") as denied:
        SqliteLeaseStore(file).try_acquire([KEY], ANNA, 30, operation_id="nonce")
    assert type(denied.value) is LeaseDenied


def test_a_wait_for_a_change_polls_often_and_ends_exactly_at_its_timeout(file: Path, clock: FakeClock) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.steady += seconds

    store = SqliteLeaseStore(file, clock=clock.now, monotonic=clock.monotonic, sleep=sleep)
    (record,) = store.try_acquire([KEY], ANNA, 30, operation_id="nonce")
    store.wait_for_change(record, 0.07)
    assert sum(slept) == pytest.approx(0.07)
    assert max(slept) <= 0.02


def test_a_wait_for_a_change_ends_at_the_next_poll_after_it(file: Path) -> None:
    slept: list[float] = []

    def release_while_sleeping(seconds: float) -> None:
        slept.append(seconds)
        store.release(records)

    store = SqliteLeaseStore(file, sleep=release_while_sleeping)
    records = store.try_acquire([KEY], ANNA, 30, operation_id="nonce")
    store.wait_for_change(records[0], 60)
    assert len(slept) == 1
