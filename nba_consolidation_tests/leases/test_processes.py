"""Real processes on one SQLite file or one Firestore double: killed, stopped, continued, many.

Time is real in the processes. The test's own store has its clock set ahead instead of waiting for a lease to expire.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

import nba_consolidation
from nba_consolidation.leases import Holder, LeaseHeld, LeaseRecord, WaitPolicy, hold
from nba_consolidation.leases.interface import machine_clock
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation_tests.firestore_double import Fault, FirestoreDouble, RemoteDouble
from nba_consolidation_tests.leases.fakes import KEY

WORKER = Path(__file__).with_name("lease_worker.py")
ROOT = Path(nba_consolidation.__file__).parents[1]
TTL = 60.0
SHORT_TTL = 2.0  # of a process that is stopped for longer
NO_WAIT = WaitPolicy(limit=0)

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "leases.sqlite"


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(WORKER), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def store_later(file: Path, seconds: float) -> SqliteLeaseStore:
    """The store with its clock set ahead by so many seconds."""
    return SqliteLeaseStore(file, clock=lambda: machine_clock() + timedelta(seconds=seconds))


def current_lease(store: SqliteLeaseStore) -> LeaseRecord:
    (record,) = store.inspect([KEY])
    return record


def test_incident_14_the_lease_of_a_killed_process_can_be_acquired_once_it_expired(file: Path, start: Start) -> None:
    store = SqliteLeaseStore(file)
    holder = start("hold", file, KEY, TTL, TTL / 3)
    token = int(read_line(holder))
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    left_behind = current_lease(store)
    assert left_behind.holder.pid == holder.pid
    with pytest.raises(LeaseHeld), hold(store, [KEY], Holder.here("next"), wait=NO_WAIT):
        pass
    with hold(store_later(file, TTL), [KEY], Holder.here("next"), wait=NO_WAIT) as lease:
        assert lease.tokens[KEY] > token
        assert lease.records[0].acquired_at >= left_behind.expires_at


def test_a_process_stopped_longer_than_its_ttl_notices_the_loss_and_deletes_nothing(file: Path, start: Start) -> None:
    sleeper = start("hold", file, KEY, SHORT_TTL, SHORT_TTL / 3)
    token = int(read_line(sleeper))
    sleeper.send_signal(signal.SIGSTOP)
    with hold(SqliteLeaseStore(file), [KEY], Holder.here("next"), wait=WaitPolicy(limit=300, poll=0.05)) as lease:
        assert lease.tokens[KEY] > token
        sleeper.send_signal(signal.SIGCONT)
        reply, _ = sleeper.communicate("still held?\n")
        assert reply.strip() == "lost"
        lease.ensure_held(ask_store=True)


def test_a_process_stopped_longer_than_its_ttl_notices_the_loss_even_if_nobody_took_the_lease(
    file: Path, start: Start
) -> None:
    store = SqliteLeaseStore(file)
    sleeper = start("hold", file, KEY, SHORT_TTL, SHORT_TTL / 3)
    read_line(sleeper)
    sleeper.send_signal(signal.SIGSTOP)
    store.wait_for_change(current_lease(store), timeout=300)
    assert current_lease(store).expired
    sleeper.send_signal(signal.SIGCONT)
    reply, _ = sleeper.communicate("still held?\n")
    assert reply.strip() == "lost"
    assert store.list() == ()


def test_a_heartbeat_in_another_process_keeps_the_lease_beyond_its_ttl(file: Path, start: Start) -> None:
    store = SqliteLeaseStore(file)
    holder = start("hold", file, KEY, TTL, 0.1)
    read_line(holder)
    first_end = current_lease(store).expires_at
    give_up = monotonic() + 300
    while current_lease(store).expires_at == first_end:
        assert monotonic() < give_up
        sleep(0.01)
    assert not current_lease(store_later(file, (first_end - machine_clock()).total_seconds())).expired
    reply, _ = holder.communicate("still held?\n")
    assert reply.strip() == "held"
    assert store.list() == ()


def test_incident_01_many_processes_under_one_lease_lose_nothing(file: Path, start: Start, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    workers = [start("count", file, KEY, counter, 20) for _ in range(4)]
    assert [worker.wait(timeout=600) for worker in workers] == [0] * 4
    assert counter.read_text() == "80"
    assert SqliteLeaseStore(file).list() == ()


def test_incident_01_many_processes_lose_nothing_while_firestore_loses_messages(start: Start, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    with FirestoreDouble(on_demand=True) as double:
        remote = RemoteDouble(double.address)
        for method in ("Commit", "BatchGetDocuments"):
            remote.add_fault(Fault(method, delay=0.01, times=-1, share=0.1))
        remote.add_fault(Fault.lost_reply("Commit", times=-1, share=0.05))
        remote.add_fault(Fault.lost_request("Commit", times=-1, share=0.05))
        workers = [start("count", double.address, KEY, counter, 15) for _ in range(3)]
        assert [worker.wait(timeout=600) for worker in workers] == [0] * 3
        assert remote.calls()["Commit"] >= 2 * 45
    assert counter.read_text() == "45"
