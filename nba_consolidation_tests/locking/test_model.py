"""Any order of acquisitions, renewals, releases, forced releases and clock steps, against a model, for every store."""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from nba_consolidation.locking import Holder, LeaseHeld, LeaseLost, LeaseMisuse, LeaseRecord

from .conftest import CLOCKS, STORES, StoreFactory
from .fakes import FakeClock

KEYS = ("consolidation_2026-01-15", "consolidation_2026-01-16", "grading_2026-01-15")
HOLDERS = tuple(Holder(f"holder-{n}", f"run-{n}", "host", n) for n in range(3))

key_sets = st.sets(st.sampled_from(KEYS), min_size=1)
durations = st.integers(1, 100)


@dataclass(frozen=True)
class Entry:
    """What the model knows of the lease of a key; `version` is the store's, and no more than a name here."""

    holder: Holder
    token: int
    version: int
    ends: datetime


class LeaseMachine(RuleBasedStateMachine):
    """The model is a dict; `handed_out` are all records that anybody ever got, so also those that are long stale."""

    make_store: ClassVar[StoreFactory]
    make_clock: ClassVar[type[FakeClock]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = type(self).make_clock()
        self.store = type(self).make_store(self.clock, Path(self.folder.name))
        self.entries: dict[str, Entry] = {}
        self.last_token: dict[str, int] = {}
        self.handed_out: list[tuple[LeaseRecord, ...]] = []
        self.forced = 0

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(keys=key_sets, holder=st.sampled_from(HOLDERS), ttl=durations)
    def acquire(self, keys: set[str], holder: Holder, ttl: int) -> None:
        held = sorted(key for key in keys if key in self.entries and self.clock.now() < self.entries[key].ends)
        nonce = f"nonce-{len(self.handed_out)}"
        if held:
            with pytest.raises(LeaseHeld) as refused:
                self.store.try_acquire(keys, holder, ttl, operation_id=nonce)
            assert refused.value.record.key == held[0]
            return
        records = self.store.try_acquire(keys, holder, ttl, operation_id=nonce)
        assert [record.key for record in records] == sorted(keys)
        for record in records:
            assert record.token > self.last_token.get(record.key, 0)
            self.last_token[record.key] = record.token
        self._note(records, ttl)

    @rule(data=st.data(), ttl=durations)
    def renew(self, data: st.DataObject, ttl: int) -> None:
        records = self._any_records(data)
        stale = tuple(record.key for record in records if not self._is_current(record))
        if stale:
            with pytest.raises(LeaseLost) as lost:
                self.store.renew(records, ttl)
            assert lost.value.keys == stale
            return
        self._note(self.store.renew(records, ttl), ttl)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        records = self._any_records(data)
        ours = tuple(record.key for record in records if self._is_current(record))
        assert self.store.release(records) == ours
        for key in ours:
            del self.entries[key]

    @rule(key=st.sampled_from(KEYS), holder=st.sampled_from(HOLDERS))
    def force_release(self, key: str, holder: Holder) -> None:
        entry = self.entries.get(key)
        if entry is None or entry.holder != holder:
            with pytest.raises(LeaseMisuse if entry is None else LeaseHeld):
                self.store.force_release(key, holder.holder_id, by="operator", reason="a test")
            return
        self.store.force_release(key, holder.holder_id, by="operator", reason="a test")
        del self.entries[key]
        self.forced += 1

    @rule(seconds=durations)
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(seconds=durations)
    def the_clock_steps_backward(self, seconds: int) -> None:
        self.clock.step(-seconds)

    @invariant()
    def the_store_shows_what_the_model_knows(self) -> None:
        shown = {
            record.key: (Entry(record.holder, record.token, record.version, record.expires_at), record.expired)
            for record in self.store.list()
        }
        assert shown == {key: (entry, self.clock.now() >= entry.ends) for key, entry in self.entries.items()}

    @invariant()
    def every_forced_release_left_its_trace(self) -> None:
        assert len(self.store.forced_releases()) == self.forced

    def _any_records(self, data: st.DataObject) -> tuple[LeaseRecord, ...]:
        return data.draw(st.sampled_from(self.handed_out)) if self.handed_out else ()

    def _is_current(self, record: LeaseRecord) -> bool:
        return record.key in self.entries and self.entries[record.key].version == record.version

    def _note(self, records: tuple[LeaseRecord, ...], ttl: int) -> None:
        self.handed_out.append(records)
        for record in records:
            assert record.token == self.last_token[record.key]
            assert record.expires_at == self.clock.now() + timedelta(seconds=ttl)
            self.entries[record.key] = Entry(record.holder, record.token, record.version, record.expires_at)


# Kills: of many leases only the first is looked at.
@pytest.mark.parametrize("name", sorted(STORES))
def test_no_sequence_of_events_gives_a_lease_to_two_or_lets_a_token_shrink(name: str) -> None:
    parts = {"make_store": staticmethod(STORES[name]), "make_clock": CLOCKS.get(name, FakeClock)}
    machine = type("Machine", (LeaseMachine,), parts)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=35, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
