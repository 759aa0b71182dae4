"""The predecessor beside us during a migration: it deletes our document blindly, and none of its writes is fenced."""

from __future__ import annotations

import datetime as dt

import pytest

from nba_consolidation.fencing.fenced_writer import utc_now
from nba_consolidation.leases import LeaseLost, lease_key
from nba_consolidation.leases.firestore.store import FirestoreLeaseStore
from nba_consolidation_tests.firestore_double import FirestoreDouble
from nba_consolidation_tests.leases.google_client import google_client
from nba_consolidation_tests.leases.predecessor import PredecessorLock
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NOW, Workbench, prediction


@pytest.mark.parametrize("use_case", ["consolidate", "validate"])
def test_when_the_predecessor_deletes_our_lease_and_takes_it_our_transaction_commits_nothing(
    bench: Workbench, use_case: str
) -> None:
    bench.stage(prediction())
    bench.consolidate()
    bench.stage(prediction(minute=5), worker="late")
    before = bench.written_rows()
    with FirestoreDouble(on_demand=True) as double:
        leases = FirestoreLeaseStore("test", emulator=double.address)
        client = google_client(double.address, "test", "(default)")
        old = PredecessorLock(client, lease_key("consolidation", DATE), "old-1", utc_now, lambda _seconds: None)

        def clock_while_the_predecessor_goes_in() -> dt.datetime:
            if any(record.holder.holder_id != old.holder_id for record in leases.list()):
                old.release()
                assert old.try_acquire()
            return NOW

        with pytest.raises(LeaseLost, match="according to the lease store"):
            getattr(bench, use_case)(leases=leases, clock=clock_while_the_predecessor_goes_in)
        assert [record.holder.holder_id for record in leases.list()] == [old.holder_id]
    assert bench.written_rows() == before
