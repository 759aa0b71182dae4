"""Keys, timings, holders, errors, and what the package imports."""

import ast
import pickle
import sys
from datetime import date
from pathlib import Path
from random import Random

import pytest

from nba_consolidation import leases
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import (
    Holder,
    LeaseError,
    LeaseHeld,
    LeaseLost,
    LeaseMisuse,
    LeaseTiming,
    WaitPolicy,
    lease_key,
    parse_lease_key,
)
from nba_consolidation_tests.leases.fakes import ANNA, KEY, FakeClock
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore


def test_a_key_names_the_work_and_the_game_date() -> None:
    assert lease_key("consolidation", date(2026, 1, 15)) == KEY
    assert parse_lease_key("schema_evolution_2026-01-15") == ("schema_evolution", date(2026, 1, 15))


@pytest.mark.parametrize(
    "key",
    ["", "2026-01-15", "_2026-01-15", "consolidation", "consolidation_20260115", "consolidation_2026-02-30",
     "consolidation_2026-01-15 ", "consolidation_2026-01-15\n", "Consolidation_2026-01-15", "a/b_2026-01-15",
     "consolidation_\N{FULLWIDTH DIGIT TWO}026-01-15"],
)  # fmt: skip
def test_text_of_another_form_is_not_a_key(key: str) -> None:
    with pytest.raises(LeaseMisuse, match="is not a lease key"):
        parse_lease_key(key)


def test_a_key_needs_a_valid_kind_of_work() -> None:
    with pytest.raises(LeaseMisuse):
        lease_key("Grading!", date(2026, 1, 15))


def test_the_default_heartbeat_is_a_third_of_the_ttl() -> None:
    assert LeaseTiming(ttl=30).interval == 10
    assert LeaseTiming(ttl=30, heartbeat=15).interval == 15


@pytest.mark.parametrize(
    ("ttl", "heartbeat"),
    [(0, None), (-1, None), (float("nan"), None), (float("inf"), None), (30, 0), (30, -1), (30, 15.1), (30, 30)],
)
def test_incident_48_a_heartbeat_too_slow_for_the_ttl_is_refused_at_start(ttl: float, heartbeat: float | None) -> None:
    with pytest.raises(LeaseMisuse, match="cannot be kept"):
        LeaseTiming(ttl, heartbeat)


@pytest.mark.parametrize(
    ("limit", "poll", "jitter"),
    [(-1, 1, 0), (float("inf"), 1, 0), (float("nan"), 1, 0), (1, 0, 0), (1, 1, -0.1), (1, 1, 1.1)],
)
def test_an_invalid_wait_is_refused_at_start(limit: float, poll: float, jitter: float) -> None:
    with pytest.raises(LeaseMisuse, match="Invalid wait"):
        WaitPolicy(limit, poll, jitter)


@pytest.mark.parametrize("remaining", [0.0, -5.0])
def test_a_lease_that_should_have_expired_is_not_polled_in_a_tight_loop(remaining: float) -> None:
    assert WaitPolicy(poll=2, jitter=0).pause(remaining, Random(1)) == 0.05


def test_the_default_wait_is_longer_than_the_default_ttl() -> None:
    assert WaitPolicy().limit > LeaseTiming().ttl


def test_two_holders_in_one_process_have_different_ids() -> None:
    first, second = Holder.here("run"), Holder.here("run")
    assert first.holder_id != second.holder_id
    assert (first.run_id, first.host, first.pid) == (second.run_id, second.host, second.pid)


def test_a_holder_without_an_id_is_refused() -> None:
    with pytest.raises(LeaseMisuse):
        Holder(" ", "run", "host", 1)


def test_every_error_is_a_consolidation_error_and_can_be_pickled(clock: FakeClock) -> None:
    (record,) = MemoryLeaseStore(clock=clock.now).try_acquire([KEY], ANNA, 30, operation_id="nonce")
    for error in (LeaseHeld(record, 1.5), LeaseLost([KEY], "a test"), LeaseMisuse("a test")):
        assert isinstance(error, LeaseError)
        assert isinstance(error, ConsolidationError)
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_the_memory_store_starts_with_given_leases(clock: FakeClock) -> None:
    records = MemoryLeaseStore(clock=clock.now).try_acquire([KEY], ANNA, 30, operation_id="nonce")
    clock.step(-3600)
    store = MemoryLeaseStore(records, clock=clock.now)
    assert store.list() == records
    store.release(records)
    assert store.try_acquire([KEY], ANNA, 30, operation_id="again")[0].token > records[0].token


def test_leases_import_only_the_standard_library_the_root_error_and_the_log() -> None:
    assert leases.__file__ is not None
    own = {"nba_consolidation.errors", "nba_consolidation.observability"}
    clients = {"rpc.py": {"google", "grpc"}, "documents.py": {"google"}}  # deferred: test_layers
    for module in Path(leases.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and node.level)
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                top = name.split(".")[0]
                known = top in sys.stdlib_module_names or name in own or top in clients.get(module.name, ())
                assert known or name.startswith("nba_consolidation.leases."), f"{module.name} imports {name}"
