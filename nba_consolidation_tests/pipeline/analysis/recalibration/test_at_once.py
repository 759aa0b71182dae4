"""Two processes that write the history of calibrations for different dates at once: each continues the other's."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.fencing.audits import DUPLICATE_CALIBRATIONS
from nba_consolidation.fencing.errors import AuditFailed, FencedOut
from nba_consolidation.leases import Holder, WaitPolicy
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import HISTORY_DATE, LOCK_TYPE, Recalibrator
from nba_consolidation.pipeline.analysis.recalibration.versions import ACTIVE, PROPOSED, ROLLED_BACK, read_history
from nba_consolidation.schema import CALIBRATION_EVENTS
from nba_consolidation.sql import Statement
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded
from nba_consolidation_tests.pipeline.analysis.recalibration.simulated import overconfident, shifted

NEXT = DATE + dt.timedelta(7)


class ReadsTogether:
    """A warehouse whose readers of the history wait for each other, unless a lease keeps the other one out."""

    def __init__(self, warehouse: Any, together: threading.Barrier) -> None:
        self._warehouse, self._together = warehouse, together

    def __getattr__(self, name: str) -> Any:
        return getattr(self._warehouse, name)

    def query(self, statement: Statement) -> Any:
        rows = self._warehouse.query(statement)
        if statement.names.get("TABLE") == CALIBRATION_EVENTS.name:
            with contextlib.suppress(threading.BrokenBarrierError):  # the other one waits for the lease
                self._together.wait(timeout=2)
        return rows


@pytest.fixture
def home(tmp_path: Path) -> Graded:
    home = Graded(tmp_path / "home")
    home.add([*overconfident(), *shifted(overconfident(2, days=7), dt.timedelta(7))])
    return home


def at_once(home: Graded, *work: Callable[[Recalibrator], object]) -> list[object]:
    """Runs each in a thread of its own; returns the results."""
    together = threading.Barrier(len(work))

    def run(one: Callable[[Recalibrator], object]) -> object:
        writer = home.deployment.fenced_writer
        slow: Any = ReadsTogether(writer.warehouse, together)
        patient = replace(writer, warehouse=slow, wait=WaitPolicy(limit=60, poll=0.05))
        return one(Recalibrator(patient))

    with ThreadPoolExecutor(len(work)) as threads:
        return [future.result() for future in [threads.submit(run, one) for one in work]]


def recalibrating(date: dt.date) -> Callable[[Recalibrator], object]:
    return lambda recalibrator: recalibrator.recalibrate([date], Holder.here(f"run_{date}"), approve="ann")


def numbers(home: Graded) -> list[int]:
    """The numbers of the events, in the order in which they were written."""
    return home.frame("SELECT number FROM confidence_recalibration_events ORDER BY recorded_at, number")[
        "number"
    ].tolist()


def test_two_recalibrations_of_different_dates_number_their_events_in_sequence(home: Graded) -> None:
    at_once(home, recalibrating(DATE), recalibrating(NEXT))
    assert numbers(home) == [1, 2, 3, 4]  # both versions are proposed and active, in either order
    assert {one.game_date for one in read_history(home.deployment.warehouse).versions} == {DATE, NEXT}
    assert not DUPLICATE_CALIBRATIONS.findings(home.deployment.warehouse, [DATE, NEXT])


def test_a_decision_during_a_recalibration_of_another_date_is_numbered_in_sequence(home: Graded) -> None:
    home.deployment.recalibrator.recalibrate([DATE], Holder.here("first"), approve="ann")
    (version,) = read_history(home.deployment.warehouse).versions

    def roll_back(recalibrator: Recalibrator) -> object:
        return recalibrator.decide(version.version_id, ROLLED_BACK, NEXT, "looked", "ann", Holder.here("person"))

    at_once(home, roll_back, recalibrating(NEXT))
    assert numbers(home) == [1, 2, 3, 4, 5]  # proposed, active; rolled back, and a new one proposed, active
    states = Counter(one.state for one in read_history(home.deployment.warehouse).events)
    assert states == {PROPOSED: 2, ACTIVE: 2, ROLLED_BACK: 1}


def test_a_recalibration_whose_lease_of_the_history_is_older_is_fenced_out(home: Graded) -> None:
    """The lease of its own date is valid, but another process has a newer lease of the history."""
    home.deployment.recalibrator.recalibrate([NEXT], Holder.here("first"))
    home.execute(f"UPDATE consolidation_fences SET token = 9000000000000000000 WHERE game_date = DATE '{HISTORY_DATE}'")
    before = numbers(home)
    with pytest.raises(FencedOut):
        home.deployment.recalibrator.recalibrate([DATE], Holder.here("second"))
    assert numbers(home) == before


class WrittenWithoutLease:
    """A warehouse into which somebody writes without a lease, right after the history was read."""

    def __init__(self, home: Graded) -> None:
        self._home, self._warehouse = home, home.deployment.warehouse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._warehouse, name)

    def query(self, statement: Statement) -> Any:
        rows = self._warehouse.query(statement)
        if statement.names.get("TABLE") == CALIBRATION_EVENTS.name:
            self._home.execute("""
                INSERT INTO confidence_recalibration_events BY NAME
                SELECT * REPLACE ('somebody' AS run_id, 3 AS number) FROM confidence_recalibration_events LIMIT 1
            """)
        return rows


def test_an_event_number_that_is_taken_rolls_back_and_the_audit_finds_duplicate_numbers(home: Graded) -> None:
    home.deployment.recalibrator.recalibrate([DATE], Holder.here("first"), approve="ann")
    before = read_history(home.deployment.warehouse)
    warehouse: Any = WrittenWithoutLease(home)
    with pytest.raises(AuditFailed, match="duplicate_calibrations"):
        Recalibrator(replace(home.deployment.fenced_writer, warehouse=warehouse)).recalibrate(
            [NEXT], Holder.here("second")
        )
    assert read_history(home.deployment.warehouse).versions == before.versions
    home.execute("UPDATE confidence_recalibration_events SET number = 1")
    findings = DUPLICATE_CALIBRATIONS.findings(home.deployment.warehouse, [DATE])
    assert [(row["number"], row["copies"]) for row in findings] == [(1, 3)]


def test_the_history_has_one_lease_for_all_dates(home: Graded) -> None:
    home.deployment.recalibrator.recalibrate([DATE, NEXT], Holder.here("run"), approve="ann")
    keys = home.frame(f"SELECT lease_key FROM consolidation_fences WHERE lease_key LIKE '{LOCK_TYPE}_%' ORDER BY 1")
    assert keys["lease_key"].tolist() == [f"{LOCK_TYPE}_{date}" for date in (HISTORY_DATE, DATE, NEXT)]
