"""The clean-up: the kinds of old tables, those that it drops, and what it never does by itself."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import HeldLease, Holder, LeaseHeld, LeaseLost, LeaseTiming, hold, lease_key
from nba_consolidation.operations.staging_cleanup import Action, CleanUp, CleanUpReport, OldTableKind
from nba_consolidation.warehouse.errors import WarehouseBusy
from nba_consolidation_tests.pipeline.consolidation.workbench import (
    DATE,
    KNOWN,
    NEXT_DATE,
    NO_WAIT,
    NOW,
    Workbench,
    prediction,
    staged,
)

WEEK = dt.timedelta(days=7)


def age(bench: Workbench, name: str, days: float) -> str:
    """As if the table had been written so many days ago."""
    moment = (NOW - dt.timedelta(days=days)).timestamp()
    os.utime(bench.staging.path_of(name), (moment, moment))
    return name


def old(bench: Workbench, worker: str, *rows: Any, days: float = 8, **options: Any) -> str:
    return age(bench, bench.stage(*(rows or (prediction(),)), worker=worker, **options), days)


def consolidated(bench: Workbench, worker: str = "done", days: float = 8) -> str:
    """An old table that was merged, and that the clean-up after the merge left behind."""
    name = old(bench, worker, days=days)
    bench.staging.drops = False
    bench.consolidate()
    bench.staging.drops = True
    return name


def clean_up(bench: Workbench, *archive: str, dry_run: bool = False, **options: Any) -> CleanUpReport:
    writer = FencedWriter(bench.warehouse, bench.leases, clock=lambda: NOW, wait=NO_WAIT)
    use_case = CleanUp(writer, bench.staging, lambda: KNOWN, WEEK, **options)
    return use_case.clean_up(Holder.here("cleaning"), dry_run=dry_run, archive=archive)


def kinds(report: CleanUpReport) -> dict[str, tuple[OldTableKind, Action]]:
    return {table.staging_table: (table.kind, table.action) for table in report.tables}


def recorded(bench: Workbench) -> list[dict[str, Any]]:
    return bench.execute("SELECT * FROM staging_cleanups ORDER BY staging_table")


def test_a_dry_run_distinguishes_all_kinds_and_touches_nothing(bench: Workbench) -> None:
    done = consolidated(bench)
    waiting = old(bench, "waiting", prediction(game_date=NEXT_DATE))
    empty = age(bench, bench.stage_as("_staging_20260115_120000_empty", staged([])), 8)
    bench.staging.path_of("_staging_20260115_120000_torn").write_bytes(b"PAR1 torn")
    torn = age(bench, "_staging_20260115_120000_torn", 8)
    report = clean_up(bench, dry_run=True)
    assert kinds(report) == {
        done: (OldTableKind.CONSOLIDATED, Action.DROPPED),
        waiting: (OldTableKind.NEVER_CONSOLIDATED, Action.STAYS),
        empty: (OldTableKind.EMPTY, Action.DROPPED),
        torn: (OldTableKind.REFUSED, Action.STAYS),
    }
    assert bench.staging_tables() == {done, waiting, empty, torn}
    assert recorded(bench) == []


def test_age_rows_batch_worker_and_dates_of_each_table_are_reported(bench: Workbench) -> None:
    old(bench, "w_7", prediction(), prediction("21.5"), prediction(game_date=NEXT_DATE), batch="regen_20260111_010203")
    (table,) = clean_up(bench, dry_run=True).tables
    assert (table.staged, table.age_days, table.batch_id, table.worker_id) == (3, 8.0, "regen_20260111_010203", "w_7")
    assert table.game_dates == (DATE, NEXT_DATE)


def test_what_is_consolidated_goes_and_is_recorded(bench: Workbench) -> None:
    done = consolidated(bench)
    report = clean_up(bench)
    assert kinds(report) == {done: (OldTableKind.CONSOLIDATED, Action.DROPPED)}
    assert bench.staging_tables() == set()
    (row,) = recorded(bench)
    assert {name: row[name] for name in ("staging_table", "kind", "action", "staged", "first_date", "run_id")} == {
        "staging_table": done, "kind": "consolidated", "action": "dropped", "staged": 1, "first_date": DATE,
        "run_id": "cleaning",
    }  # fmt: skip
    assert (row["archived_to"], row["age_days"], row["cleaned_at"]) == (None, 8.0, NOW)
    assert clean_up(bench).tables == ()


def test_what_is_younger_than_the_retention_is_left_alone(bench: Workbench) -> None:
    young, just_old = consolidated(bench, "young", days=6.9), old(bench, "old", days=7)
    assert list(kinds(clean_up(bench))) == [just_old]
    assert young in bench.staging_tables()


def test_incidents_19_and_21_what_was_never_consolidated_stays_and_its_dates_are_offered(bench: Workbench) -> None:
    waiting = old(bench, "waiting", prediction(), prediction(game_date=NEXT_DATE))
    report = clean_up(bench)
    assert bench.staging_tables() == {waiting}
    assert report.waiting_dates == (DATE, NEXT_DATE)
    assert report.left_over == report.tables
    assert bench.consolidate(*report.waiting_dates).total("inserted") == 2


def test_a_table_of_which_one_date_is_missing_in_the_ledger_stays(bench: Workbench) -> None:
    half = old(bench, "half", prediction(), prediction(game_date=NEXT_DATE))
    bench.consolidate(DATE)
    report = clean_up(bench)
    assert kinds(report) == {half: (OldTableKind.NEVER_CONSOLIDATED, Action.STAYS)}
    assert report.tables[0].reason == "some of its dates were not consolidated"
    assert report.waiting_dates == (NEXT_DATE,)


def test_a_table_delivered_anew_after_it_was_consolidated_is_another_one_and_stays(bench: Workbench) -> None:
    consolidated(bench, "again")
    again = old(bench, "again", prediction("22.5"))
    assert kinds(clean_up(bench)) == {again: (OldTableKind.NEVER_CONSOLIDATED, Action.STAYS)}


def test_incident_27_a_table_that_is_rewritten_while_cleaning_stays(bench: Workbench) -> None:
    name = consolidated(bench)
    bench.staging.before_drop = lambda: bench.stage(prediction("22.5"), worker="done")
    report = clean_up(bench)
    assert kinds(report) == {name: (OldTableKind.CONSOLIDATED, Action.STAYS)}
    assert bench.staging_tables() == {name}
    assert recorded(bench) == []
    assert bench.consolidate().total("inserted") == 1


def test_incident_27_a_table_that_arrives_while_cleaning_stays(bench: Workbench) -> None:
    consolidated(bench)
    bench.staging.before_drop = lambda: bench.stage(prediction("22.5"), worker="late")
    clean_up(bench)
    assert bench.staging_tables() == {"_staging_20260115_120000_late"}


def test_a_table_that_is_named_is_archived_with_all_of_its_rows(bench: Workbench) -> None:
    named, other = old(bench, "named", prediction(), prediction(game_date=NEXT_DATE)), old(bench, "other")
    report = clean_up(bench, named)
    assert kinds(report) == {
        named: (OldTableKind.NEVER_CONSOLIDATED, Action.ARCHIVED),
        other: (OldTableKind.NEVER_CONSOLIDATED, Action.STAYS),
    }
    (row,) = recorded(bench)
    assert (row["staging_table"], row["action"]) == (named, "archived")
    assert (row["first_date"], row["last_date"]) == (DATE, NEXT_DATE)
    assert pq.read_metadata(row["archived_to"]).num_rows == 2
    assert bench.staging_tables() == {other}


def test_a_refused_table_goes_only_by_name_and_is_archived_too(bench: Workbench) -> None:
    bench.staging.path_of("x").parent.mkdir()
    bench.staging.path_of("_staging_20260115_120000_torn").write_bytes(b"PAR1 torn")
    torn = age(bench, "_staging_20260115_120000_torn", 8)
    assert kinds(clean_up(bench)) == {torn: (OldTableKind.REFUSED, Action.STAYS)}
    (table,) = clean_up(bench, torn).tables
    assert Path(str(table.archived_to)).read_bytes() == b"PAR1 torn"


def test_a_damaged_page_makes_a_table_refused_although_its_footer_is_whole(bench: Workbench) -> None:
    name = bench.stage(*(prediction(f"{line}.5") for line in range(1, 60)), worker="damaged")
    path = bench.staging.path_of(name)
    content = bytearray(path.read_bytes())
    content[4:200] = b"\xff" * 196
    path.write_bytes(content)
    age(bench, name, 8)
    assert kinds(clean_up(bench)) == {name: (OldTableKind.REFUSED, Action.STAYS)}


def test_a_column_that_a_consolidation_would_add_is_no_reason_to_refuse(bench: Workbench) -> None:
    name = old(bench, "new", prediction(shoe_size=47), types={"shoe_size": pa.int64()})
    assert kinds(clean_up(bench))[name][0] is OldTableKind.REFUSED
    assert kinds(clean_up(bench, evolve=True))[name][0] is OldTableKind.NEVER_CONSOLIDATED


def test_a_name_that_is_no_old_table_stops_it_before_anything_is_done(bench: Workbench) -> None:
    done = consolidated(bench)
    young = bench.stage(prediction("22.5"), worker="young")
    for name in (young, "_staging_mistyped"):
        with pytest.raises(ConsolidationError, match=f"nothing was done.*{name}"):
            clean_up(bench, name)
    assert bench.staging_tables() == {done, young}


@pytest.mark.parametrize("types", [{}, {"shoe_size": pa.int64()}], ids=["never consolidated", "refused"])
def test_a_table_is_not_archived_while_a_consolidation_of_its_date_runs(
    bench: Workbench, types: dict[str, pa.DataType]
) -> None:
    name = old(bench, "busy", types=types)
    bench.warehouse.create_tables(())
    other = Holder.here("consolidating")
    with (
        hold(bench.leases, [lease_key("consolidation", DATE)], other, timing=LeaseTiming(30)),
        pytest.raises(LeaseHeld, match="consolidating"),
    ):
        clean_up(bench, name)
    assert bench.staging_tables() == {name}


def test_nothing_is_archived_under_a_lease_that_was_lost(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    name = old(bench, "busy")

    def lose(_: HeldLease, **_options: bool) -> None:
        raise LeaseLost([lease_key("consolidation", DATE)], "expired")

    monkeypatch.setattr(HeldLease, "ensure_held", lose)
    with pytest.raises(LeaseLost):
        clean_up(bench, name)
    assert bench.staging_tables() == {name}


def test_a_table_consolidated_while_its_lease_was_waited_for_is_not_archived(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = old(bench, "overtaken")
    acquire: Callable[..., Any] = FencedWriter.holding

    def overtaken(self: FencedWriter, *arguments: Any) -> Any:
        monkeypatch.setattr(FencedWriter, "holding", acquire)
        bench.staging.drops = False
        bench.consolidate()
        return acquire(self, *arguments)

    monkeypatch.setattr(FencedWriter, "holding", overtaken)
    report = clean_up(bench, name)
    assert kinds(report) == {name: (OldTableKind.NEVER_CONSOLIDATED, Action.STAYS)}
    assert bench.staging_tables() == {name}


def test_the_error_of_a_failed_record_names_what_was_done(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    done = consolidated(bench)

    def busy(*_: object, **__: object) -> None:
        raise WarehouseBusy("somebody has the file")

    monkeypatch.setattr(bench.warehouse, "run", busy)
    with pytest.raises(WarehouseBusy) as caught:
        clean_up(bench)
    assert f"{done} dropped" in str(caught.value.__notes__)


def test_many_tables_are_recorded(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nba_consolidation.operations.staging_cleanup._ROWS_AT_ONCE", 2)
    for number in range(5):
        age(bench, bench.stage_as(f"_staging_20260115_120000_{number}", staged([])), 8)
    assert len(clean_up(bench).with_action(Action.DROPPED)) == len(recorded(bench)) == 5
