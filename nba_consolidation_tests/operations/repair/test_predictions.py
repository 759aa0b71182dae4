"""A legacy player_prop_predictions gets one row per business key and one active version, and nothing is lost."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from nba_consolidation.fencing.audits import ACTIVE_TWINS, DUPLICATE_BUSINESS_KEYS, PLAYERS_UNDER_TWO_NAMES
from nba_consolidation.fencing.errors import AuditFailed, FencedOut
from nba_consolidation.leases import Holder, LeaseHeld, lease_key
from nba_consolidation.operations.repair.predictions import PredictionsRepairer
from nba_consolidation.operations.repair.restore import RestoreBlocked
from nba_consolidation.operations.unfinished_dates import complete, unfinished_dates
from nba_consolidation.pipeline.publication.publish import Publisher
from nba_consolidation.pipeline.validation.validate import Validator
from nba_consolidation.schema import BUSINESS_KEY, PREDICTIONS
from nba_consolidation_tests.operations.repair.legacy import Row
from nba_consolidation_tests.operations.repair.legacy_predictions import LegacyPredictions, merged
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, at, points, prediction
from nba_consolidation_tests.warehouse.rows import statement_factory

REMOVED = "player_prop_predictions_removed"
TABLES = (PREDICTIONS.name, REMOVED, "prediction_repairs")
CHANGED = ("is_active", "superseded_by", "prediction_version")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LegacyPredictions]:
    bench = LegacyPredictions(tmp_path)
    with bench.kept_open():
        yield bench


def shown(bench: LegacyPredictions, *columns: str) -> list[tuple[Any, ...]]:
    rows = bench.execute(f"SELECT {', '.join(columns)} FROM player_prop_predictions ORDER BY ALL NULLS FIRST")
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_each_business_key_the_newest_version_stays_under_the_id_of_the_first(
    bench: LegacyPredictions, newest_first: bool
) -> None:
    rows = [merged(9, predicted_points=points("25")), merged(0, predicted_points=points("20"))]
    bench.fill(*(rows if newest_first else reversed(rows)))
    total = bench.repair().total
    assert (total.rows_before, total.rows_after, total.duplicates, total.changed) == (2, 1, 1, 1)
    row = bench.only("*")
    assert (row["predicted_points"], row["prediction_id"], row["created_at"]) == (points("25"), "made-0", at(0))
    assert (row["version_prediction_id"], row["version_created_at"]) == ("made-9", at(9))
    assert (row["prediction_version"], row["is_active"], row["run_id"]) == (2, True, "repair")


def test_incident_01_identical_copies_become_one_that_does_not_change(bench: LegacyPredictions) -> None:
    bench.fill(*[merged()] * 16)
    total = bench.repair().total
    assert (total.duplicates, total.changed, total.active_twins) == (15, 0, 15)
    assert bench.only("*") == merged()
    assert sum(bench.rows(REMOVED).values()) == 15


def test_versions_of_one_moment_are_decided_by_their_id_and_then_by_their_content(
    bench: LegacyPredictions, tmp_path: Path
) -> None:
    rows = [merged(prediction_id=name, model_version=version) for name in "ab" for version in ("v1", "v3", "v2")]
    other = LegacyPredictions(tmp_path / "other")
    bench.fill(*rows)
    other.fill(*reversed(rows))
    for one in (bench, other):
        one.repair()
        assert one.only("prediction_id, version_prediction_id, model_version") == {
            "prediction_id": "a", "version_prediction_id": "b", "model_version": "v3"
        }  # fmt: skip


def test_incident_03_copies_without_a_line_are_copies_and_another_line_is_another_key(bench: LegacyPredictions) -> None:
    lines = [None, points("20.5"), points("21")]
    bench.fill(*(merged(minute, current_points_line=line) for minute, line in enumerate([*lines, *lines])))
    assert bench.repair().total.duplicates == 3
    assert shown(bench, "current_points_line", *CHANGED) == [
        (None, False, "made-2", 2),
        (points("20.5"), False, "made-2", 2),
        (points("21"), True, None, 2),
    ]


def test_incident_33_another_spelling_is_rewritten_and_then_a_duplicate(bench: LegacyPredictions) -> None:
    bench.fill(
        merged(0, player_lookup="Nikola Jokić"),
        merged(1, player_lookup="nikolajokic", system_id=" catboost_v9"),
        merged(2, player_lookup="nikolajokic", current_points_line=None, game_id="20260115_BOS_MIA "),
        merged(3, player_lookup="lukadoncic"),
    )
    total = bench.repair().total
    assert (total.misspelt, total.rows_after, total.active_after) == (3, 3, 2)
    assert shown(bench, "player_lookup", "system_id", "game_id", "current_points_line", "is_active") == [
        ("lukadoncic", "catboost_v9", "20260115_BOS_MIA", points("20.5"), True),
        ("nikolajokic", "catboost_v9", "20260115_BOS_MIA", None, True),
        ("nikolajokic", "catboost_v9", "20260115_BOS_MIA", points("20.5"), False),
    ]
    reasons = bench.execute(f"SELECT removal, removal_reason AS reason FROM {REMOVED} ORDER BY created_at")
    assert [tuple(row.values()) for row in reasons] == [
        ("removed", "duplicate"), ("changed", "spelling"), ("changed", "spelling")
    ]  # fmt: skip


def test_incident_30_of_several_active_lines_only_the_newest_stays_active(bench: LegacyPredictions) -> None:
    bench.fill(*(merged(minute, current_points_line=points(f"2{minute}.5")) for minute in range(5)))
    total = bench.repair().total
    assert (total.active_twins, total.duplicates, total.changed, total.active_after) == (4, 0, 4, 1)
    assert shown(bench, "is_active", "superseded_by")[-1] == (True, None)
    assert {row[1] for row in shown(bench, "is_active", "superseded_by")[:-1]} == {"made-4"}


@pytest.mark.parametrize(
    ("invalidated_at", "is_active"), [pytest.param(at(5), True, id="before"), pytest.param(at(30), False, id="after")]
)
def test_an_invalidation_counts_for_every_copy_made_before_it(
    bench: LegacyPredictions, invalidated_at: dt.datetime, is_active: bool
) -> None:
    bench.fill(merged(0, invalidated_at=invalidated_at, invalidation_reason="traded", is_active=False), merged(9))
    bench.repair()
    row = bench.only("is_active, invalidated_at, invalidation_reason")
    expected = (True, None, None) if is_active else (False, invalidated_at, "traded")
    assert tuple(row.values()) == expected


def test_a_game_and_player_without_a_fault_are_left_alone(bench: LegacyPredictions) -> None:
    untouched = [
        merged(player_lookup="inactive", is_active=False),
        merged(0, player_lookup="two", is_active=False),
        merged(1, player_lookup="two", current_points_line=None),
        merged(player_lookup="elsewhere", game_date=NEXT_DATE, is_active=None),
    ]
    bench.fill(merged(0), merged(1), *untouched)
    assert bench.repair().repaired_dates == (DATE,)
    rows = bench.execute("SELECT * FROM player_prop_predictions WHERE player_lookup <> 'jaimejaquezjr'")
    assert len(rows) == len(untouched)
    assert all(row in untouched for row in rows)


def test_a_copy_without_a_time_is_archived_before_it_gets_one(bench: LegacyPredictions) -> None:
    bench.fill(merged(created_at=None, version_created_at=at(9), prediction_id="p"), merged(0, prediction_id="p"))
    before = bench.rows()
    assert bench.repair().total.changed == 1
    assert bench.only("created_at, version_created_at") == {"created_at": at(0), "version_created_at": at(9)}
    bench.restore()
    assert bench.rows() == before


def test_columns_that_we_do_not_declare_are_carried_and_kept(bench: LegacyPredictions) -> None:
    for column in ("tags VARCHAR[]", '"odd name" DECIMAL(12, 7)', "doc JSON"):
        bench.execute(f"ALTER TABLE player_prop_predictions ADD COLUMN {column}")
    bench.fill(merged(0), merged(1))
    bench.execute("""UPDATE player_prop_predictions SET tags = ['a'], "odd name" = 1.5, doc = '{"a": 1}'""")
    before = bench.rows()
    bench.repair()
    assert bench.only('tags, "odd name", doc') == {"tags": ["a"], "odd name": points("1.5"), "doc": '{"a": 1}'}
    bench.restore()
    assert bench.rows() == before


def test_a_repair_is_in_its_ledger_and_a_second_one_changes_nothing(bench: LegacyPredictions) -> None:
    bench.fill(merged(0), merged(1), merged(player_lookup="Luka Dončić"), merged(player_lookup="sound"))
    bench.repair()
    [entry] = bench.execute("FROM prediction_repairs")
    figures = ("kind", "run_id", "removed", "updated", "unchanged", "total_rows", "active_rows")
    assert tuple(entry[name] for name in figures) == ("repair", "repair", 1, 2, 1, 3, 3)
    before = [bench.rows(table) for table in (*TABLES, "consolidation_fences")]
    bench.leases.try_acquire([lease_key("consolidation", DATE)], Holder.here("other"), 60, operation_id="x")
    assert not bench.repair("again").total.needed
    assert [bench.rows(table) for table in (*TABLES, "consolidation_fences")] == before


STATEMENTS = [statement.name for statement in PredictionsRepairer(None).statements({}, PREDICTIONS.columns)]  # type: ignore[arg-type]


@pytest.mark.parametrize("failing", [name for name in STATEMENTS if name not in ("predictions_before", "rows_before")])
def test_incident_40_whatever_fails_nothing_is_changed(bench: LegacyPredictions, failing: str) -> None:
    bench.fill(merged(0), merged(1), merged(player_lookup="Luka Dončić"))
    before = bench.rows()
    bench.warehouse.failing = failing
    report = bench.repairer().repair([DATE], Holder.here("repair"))
    assert failing in str(report.poisoned[DATE])
    assert [bench.rows(table) for table in TABLES] == [before, {}, {}]


@pytest.mark.parametrize(
    ("left_out", "audit"), [("keep_repaired", "unconserved_repairs"), ("clear_repaired", "duplicate_business_keys")]
)
def test_a_repair_that_would_lose_a_row_or_have_it_twice_is_rolled_back(
    bench: LegacyPredictions, monkeypatch: pytest.MonkeyPatch, left_out: str, audit: str
) -> None:
    bench.fill(merged(0), merged(1), merged(player_lookup="lukadoncic"))
    before = bench.rows()
    statement_factory(monkeypatch)(left_out, "SELECT 1 AS writes_nothing")
    error = bench.repairer().repair([DATE], Holder.here("repair")).poisoned[DATE]
    assert isinstance(error, AuditFailed)
    assert (error.audit, bench.rows()) == (audit, before)


@pytest.mark.other_processes
@pytest.mark.parametrize("statement", ["insert_predictions", "after"])
def test_a_repair_that_is_killed_halfway_leaves_everything_as_it_was(tmp_path: Path, statement: str) -> None:
    bench = LegacyPredictions(tmp_path)
    bench.fill(merged(0), merged(1))
    before = bench.rows()
    module = LegacyPredictions.__module__
    done = subprocess.run([sys.executable, "-m", module, str(tmp_path), statement], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [bench.rows(table) for table in TABLES] == [before, {}, {}]
    assert bench.repair().total.duplicates == 1


def test_a_newer_writer_fences_the_repair_out(bench: LegacyPredictions) -> None:
    bench.fill(merged(0), merged(1))
    before = bench.rows()

    def overtake(name: str) -> None:
        if name == "fence":
            bench.execute("UPDATE consolidation_fences SET token = 9000000000000000")

    bench.warehouse.before = overtake
    report = bench.repairer().repair([DATE], Holder.here("late"))
    assert isinstance(report.poisoned[DATE], FencedOut)
    assert [bench.rows(table) for table in TABLES] == [before, {}, {}]


def test_a_repair_waits_for_a_consolidation_of_the_same_date(bench: LegacyPredictions) -> None:
    bench.fill(merged(0), merged(1))
    with bench.writer().holding("consolidation", [DATE], Holder.here("run")), pytest.raises(LeaseHeld):
        bench.repairer().repair([DATE], Holder.here("repair"))


def test_a_poisoned_date_is_repaired_consolidated_validated_and_published(bench: LegacyPredictions) -> None:
    bench.fill(merged(0), merged(0), merged(1, current_points_line=None), merged(player_lookup="sound"))
    bench.stage(prediction(minute=9))
    [error] = bench.consolidate().poisoned.values()
    assert "nba-consolidation repair predictions --date 2026-01-15" in str(error)
    bench.repair()
    assert not bench.consolidate().poisoned
    done = complete(Validator(bench.writer()), Publisher(bench.writer(), list), Holder.here("run"), [DATE])
    assert not done.failed
    assert [date.published_rows for date in done.published] == [2]
    assert bench.execute("SELECT prediction_id, prediction_version AS version FROM player_prop_predictions "
                         "WHERE is_active AND player_lookup = 'jaimejaquezjr'") == [
        {"prediction_id": "made-0", "version": 2}
    ]  # fmt: skip


def test_a_repaired_date_is_validated_and_published_by_the_next_run(bench: LegacyPredictions) -> None:
    bench.stage(prediction())
    bench.consolidate()
    bench.validate()
    bench.publish()
    bench.fill(merged(9, predicted_points=points("25")))
    bench.repair()
    assert unfinished_dates(bench.warehouse).unvalidated == (DATE,)
    complete(Validator(bench.writer()), Publisher(bench.writer(), list), Holder.here("run"))
    assert not unfinished_dates(bench.warehouse).all
    [published] = bench.execute("FROM published_predictions")
    assert (published["prediction_id"], published["predicted_points"]) == ("made-0", points("25"))


def test_a_date_without_an_active_row_is_not_unfinished(bench: LegacyPredictions) -> None:
    bench.fill(*[merged(0, invalidated_at=at(5), is_active=False)] * 2)
    bench.repair()
    assert not unfinished_dates(bench.warehouse).all


def test_a_restore_is_blocked_by_a_later_consolidation_and_says_where_the_rows_are(bench: LegacyPredictions) -> None:
    bench.fill(merged(0), merged(1))
    bench.repair()
    bench.stage(prediction(minute=-5))  # stale: the consolidation inserts and updates nothing
    bench.consolidate()
    with pytest.raises(RestoreBlocked, match=rf"changed by a later consolidation, run run; .* stay in {REMOVED}"):
        bench.restore()


def _rows() -> st.SearchStrategy[list[Row]]:
    """Few keys, so that they collide."""
    fields = {
        "player_lookup": st.sampled_from(["a", "A", "á", "b"]),
        "system_id": st.sampled_from(["s", "s ", "t"]),
        "game_date": st.sampled_from([DATE, NEXT_DATE]),
        "current_points_line": st.sampled_from([None, points("20.5"), points("21")]),
        "prediction_id": st.sampled_from([None, "p", "q"]),
        "created_at": st.sampled_from([None, at(0), at(1), at(2)]),
        "version_created_at": st.sampled_from([None, at(2)]),
        "is_active": st.sampled_from([None, True, False]),
        "invalidated_at": st.sampled_from([None, None, at(1), at(3)]),
        "prediction_version": st.sampled_from([None, 1, 3]),
        "model_version": st.sampled_from([None, "v1", "v2"]),
    }
    changes = st.fixed_dictionaries({}, optional=fields)
    return st.lists(st.builds(lambda change: merged(**change), changes), min_size=1, max_size=16)


@given(rows=_rows(), seed=st.randoms(use_true_random=False))
def test_any_rows_in_any_order_leave_the_same_and_can_be_put_back(
    rows: list[Row], seed: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shuffled = seed.sample(rows, len(rows))
    assert _repaired(tmp_path_factory, rows) == _repaired(tmp_path_factory, shuffled)


def _repaired(folders: pytest.TempPathFactory, rows: list[Row]) -> list[str]:
    """The rows after a repair, without its lineage. Checks everything else about it."""
    bench = LegacyPredictions(folders.mktemp("any"))
    with bench.kept_open():
        bench.fill(*rows)
        before = bench.rows()
        total = bench.repair().total
        assert not bench.repair("again").total.needed
        for audit in (DUPLICATE_BUSINESS_KEYS, ACTIVE_TWINS, PLAYERS_UNDER_TWO_NAMES):
            assert not audit.findings(bench.warehouse, [DATE, NEXT_DATE])
        assert sum(before.values()) == sum(bench.rows().values()) + total.duplicates
        assert Counter({row: copies for row, copies in bench.rows().items() if "repair" not in row}) <= before
        after = bench.published()
        for row in after:
            assert row["model_version"] in _newest(rows, row)
        if total.needed:
            bench.restore()
        assert bench.rows() == before
    hidden = {"lease_token", "consolidation_id", "updated_at"}
    return [str({name: value for name, value in row.items() if name not in hidden}) for row in after]


def _newest(rows: list[Row], kept: Row) -> set[str | None]:
    """What the newest rows of the key have as model_version; several are of one moment and one id."""

    def canonical(row: Row) -> tuple[Any, ...]:
        spelled = row | {
            "player_lookup": row["player_lookup"].lower().replace("á", "a"), "system_id": row["system_id"].strip()
        }  # fmt: skip
        return tuple(spelled[name] for name in BUSINESS_KEY)

    def age(row: Row) -> tuple[Any, ...]:
        made_at = row["version_created_at"] or row["created_at"]
        return made_at or dt.datetime.min.replace(tzinfo=dt.UTC), row["version_prediction_id"] or row[
            "prediction_id"
        ] or ""

    copies = [row for row in rows if canonical(row) == canonical(kept)]
    newest = max(map(age, copies))
    return {row["model_version"] for row in copies if age(row) == newest}
