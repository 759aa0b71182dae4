"""A process that sleeps through the end of its lease and then merges: the fence, checked in the transaction, stops it.

Without the fence the same verdict finds the stale write: it can tell the difference.
"""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from signal import SIGCONT, SIGKILL

import pytest

from nba_consolidation.warehouse.parquet_staging import ParquetStaging

from . import signs
from .consolidating import attempt, calm_consolidator
from .evidence import Evidence
from .journal import Journal, entries
from .lease_places import SqlitePlace
from .plan import Order
from .processes import Nursery
from .rows import DATES, Batch
from .stager import stage
from .verdict import STALE_WRITE, judge

_PATIENCE = 300.0  # seconds

pytestmark = pytest.mark.other_processes


def write_late(folder: Path, nursery: Nursery, *, fenced: bool) -> list[str]:
    """What the late writer noted of its transaction, after another took its lease over and committed."""
    place, batch = SqlitePlace(folder / "leases.sqlite"), Batch("w0", Random(1))
    order = Order("late", 0, 1, str(folder), place.address, ttl=60.0, fenced=fenced)
    stage_another(folder, batch)
    pid = nursery.start(order)
    try:
        assert next_news(nursery, pid) == "stopped"
        signs.put_slept_over(folder, [f"{DATES[0]}"])  # nobody cleans up what the late writer is about to merge
        stage_another(folder, batch)
        assert attempt(calm_consolidator(folder, place.calm()), DATES[:1], "successor") == ["consolidated"]
        assert nursery.send(pid, SIGCONT)
        assert next_news(nursery, pid) == "ended"
    finally:
        nursery.send(pid, SIGKILL)
    signs.put_slept_over(folder, None)
    attempt(calm_consolidator(folder, place.calm()), DATES[:1], "clean-up")
    return [note for entry in entries(folder, "late") for note in ("merged", "fenced") if note in entry]


def stage_another(folder: Path, batch: Batch) -> None:
    table = batch.new(DATES[:1])
    table.grow()
    stage(ParquetStaging(folder / "staging"), table, Journal(folder, "stager_0"))


def next_news(nursery: Nursery, pid: int) -> str:
    """Whether the process stopped or ended, once it does."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        for news in nursery.news():
            if news.pid == pid:
                return news.kind
        time.sleep(0.02)
    pytest.fail(f"process {pid} neither stopped nor ended")


def test_whoever_slept_through_the_end_of_its_lease_is_fenced_out(tmp_path: Path, nursery: Nursery) -> None:
    assert write_late(tmp_path, nursery, fenced=True) == ["fenced"]
    assert judge(Evidence.of(tmp_path)) == []


def test_without_the_fence_the_same_verdict_finds_the_stale_write(tmp_path: Path, nursery: Nursery) -> None:
    assert write_late(tmp_path, nursery, fenced=False) == ["merged"]
    assert any(wrong.startswith(STALE_WRITE) for wrong in judge(Evidence.of(tmp_path)))
