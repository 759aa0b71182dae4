"""A legacy prediction_accuracy gets one row per key, and nothing that was there is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from nba_consolidation.fencing import fenced_writer as fencing
from nba_consolidation.fencing.audits import ACCURACY_OUT_OF_SCALE
from nba_consolidation.fencing.errors import AuditFailed, DatesPoisoned, FencedOut
from nba_consolidation.leases import Holder, LeaseHeld, lease_key
from nba_consolidation.operations.repair.accuracy import AccuracyRepairer, confidence_digits
from nba_consolidation.schema import ACCURACY, Column
from nba_consolidation.warehouse.errors import StatementFailed, TableIncomplete
from nba_consolidation.warehouse.table_reads import game_dates
from nba_consolidation_tests.operations.repair.legacy import KEY, LegacyBench, Row, expected, graded
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, THIRD_DATE, at
from nba_consolidation_tests.warehouse.rows import statement_factory

PERCENT = Decimal("62.5")


@pytest.mark.parametrize(
    ("stays", "goes"),
    [
        pytest.param(graded(0), graded(9, actual_points=None), id="graded over ungraded"),
        pytest.param(graded(0, recommendation="UNDER"), graded(9, recommendation="PASS"), id="a bet over none"),
        pytest.param(graded(0), graded(9, recommendation=None), id="a bet over no recommendation"),
        pytest.param(graded(0, recommendation="PASS"), graded(9, actual_points=None), id="graded over a bet"),
        pytest.param(graded(9), graded(0), id="the newest"),
        pytest.param(graded(0), graded(graded_at=None), id="graded at a time over at no time"),
        pytest.param(graded(9, recommendation=None), graded(0, recommendation="HOLD"), id="no bet, either way"),
        pytest.param(graded(9, line_value=None), graded(0, line_value=None), id="NULL lines are one key"),
        pytest.param(graded(9, game_id=None), graded(0, game_id=None), id="so is anything else that is NULL"),
    ],
)
@pytest.mark.parametrize("stays_first", [True, False])
def test_of_each_key_the_best_row_stays_as_it_was(bench: LegacyBench, stays: Row, goes: Row, stays_first: bool) -> None:
    bench.fill(*((stays, goes) if stays_first else (goes, stays)))
    assert bench.repair().total.duplicates == 1
    assert bench.only("*") == stays
    [removed] = bench.execute("SELECT * FROM prediction_accuracy_removed")
    assert {name: removed[name] for name in goes} == goes
    assert (removed["removal"], removed["removal_reason"]) == ("removed", "duplicate")
    assert removed["removed_by_run_id"] == "repair"


def test_rows_alike_in_all_that_decides_leave_the_same_one_in_any_order(bench: LegacyBench, tmp_path: Path) -> None:
    rows = [graded(model_version=version) for version in ("v1", "v3", "v2")]
    other = LegacyBench(tmp_path / "other")
    bench.fill(*rows)
    other.fill(*reversed(rows))
    bench.repair()
    other.repair()
    assert bench.only("model_version") == other.only("model_version") == {"model_version": "v3"}


def test_incident_02_two_graders_at_once_leave_one_row_per_key(bench: LegacyBench) -> None:
    keys: list[Row] = [{"player_lookup": f"player{number}", "game_date": date} for number in range(300)
                       for date in (DATE, NEXT_DATE)]  # fmt: skip
    scheduled = [graded(0, prediction_correct=bool(number % 2), **key) for number, key in enumerate(keys)]
    backfilled = [row | {"graded_at": at(5), "prediction_correct": True} for row in scheduled[:372]]
    bench.fill(*scheduled, *backfilled)
    total = bench.repair().total
    assert (total.before.rows, total.after.rows, total.duplicates) == (972, 600, 372)
    assert round(total.duplicates_share, 2) == 0.38
    assert (total.before.bets, total.before.correct, total.before.wrong) == (972, 672, 300)
    assert (total.after.bets, total.after.correct, total.after.wrong) == (600, 486, 114)
    assert total.hit_rate_off == pytest.approx(100 * (672 / 972 - 486 / 600))


def test_incident_32_a_line_is_part_of_the_key_and_no_line_is_a_line_of_its_own(bench: LegacyBench) -> None:
    lines = [None, Decimal("20.5"), Decimal("21.0"), Decimal("21.5")]
    bench.fill(*(graded(minute, line_value=line) for line in lines for minute in range(2)))
    assert bench.repair().total.duplicates == 4
    current_rows = bench.execute(
        "SELECT line_value, graded_at FROM prediction_accuracy ORDER BY line_value NULLS FIRST"
    )
    assert [(row["line_value"], row["graded_at"]) for row in current_rows] == [(line, at(1)) for line in lines]


def test_incident_38_sixteen_identical_copies_become_one(bench: LegacyBench) -> None:
    bench.fill(*[graded()] * 16, graded(player_lookup="lukadoncic"))
    assert bench.repair().total.duplicates == 15
    assert sorted(row["player_lookup"] for row in bench.execute("FROM prediction_accuracy")) == [
        "jaimejaquezjr",
        "lukadoncic",
    ]
    assert sum(bench.rows("prediction_accuracy_removed").values()) == 15


STATEMENTS = [statement.name for statement in AccuracyRepairer(None).statements({}, ACCURACY.columns)]  # type: ignore[arg-type]


@pytest.mark.parametrize("failing", [*STATEMENTS, "fenced_out"])
def test_incident_40_whatever_fails_nothing_is_changed(bench: LegacyBench, failing: str) -> None:
    bench.fill(graded(), graded(), graded(confidence_score=PERCENT, player_lookup="lukadoncic"))
    before = bench.rows()
    bench.warehouse.failing = failing
    if failing in ("accuracy_before", "rows_before"):  # the look before the lease fails already
        with pytest.raises(StatementFailed):
            bench.repairer().repair([DATE], Holder.here("repair"))
    else:
        report = bench.repairer().repair([DATE], Holder.here("repair"))
        assert failing in str(report.poisoned[DATE]) or isinstance(report.poisoned[DATE], FencedOut)
        with pytest.raises(DatesPoisoned, match="could not be repaired"):
            report.raise_if_poisoned()
    assert bench.rows() == before
    assert not bench.rows("prediction_accuracy_removed")
    assert not bench.rows("grading_ledger")


@pytest.mark.parametrize(
    ("left_out", "audit"), [("keep_repaired", "unconserved_repairs"), ("clear_repaired", "duplicate_accuracy_keys")]
)
def test_a_repair_that_would_lose_a_row_or_have_it_twice_is_rolled_back(
    bench: LegacyBench, monkeypatch: pytest.MonkeyPatch, left_out: str, audit: str
) -> None:
    bench.fill(graded(), graded(), graded(confidence_score=PERCENT, player_lookup="lukadoncic"))
    before = bench.rows()
    statement_factory(monkeypatch)(left_out, "SELECT 1 AS writes_nothing")
    error = bench.repairer().repair([DATE], Holder.here("repair")).poisoned[DATE]
    assert isinstance(error, AuditFailed)
    assert (error.audit, bench.rows()) == (audit, before)


def test_incident_37_a_group_whose_median_confidence_is_above_one_is_in_percent_and_a_stray_row_is_left_alone(
    bench: LegacyBench,
) -> None:
    bench.fill(
        graded(confidence_score=PERCENT, confidence_decile=10),
        graded(confidence_score=Decimal("0.9"), player_lookup="lukadoncic"),
        graded(confidence_score=Decimal(100), player_lookup="nikolajokic"),
        graded(confidence_score=Decimal(0), confidence_decile=3, player_lookup="zero"),
        graded(confidence_score=None, player_lookup="none"),
        graded(confidence_score=Decimal("0.9"), confidence_decile=4, system_id="ensemble_v1"),
        graded(confidence_score=Decimal("0.9"), confidence_decile=4, game_date=NEXT_DATE),
    )
    total = bench.repair().total
    assert (total.percent_scale_rows, total.normalised, total.duplicates) == (2, 2, 0)
    stored = bench.execute("SELECT confidence_score AS c, confidence_decile AS d, run_id FROM prediction_accuracy")
    assert sorted((row["c"], row["d"], row["run_id"]) for row in stored if row["c"] is not None) == [
        (Decimal(0), 3, None),
        (Decimal("0.625"), 7, "repair"),
        (Decimal("0.9"), 4, None),
        (Decimal("0.9"), 4, None),
        (Decimal("0.9"), 7, None),
        (Decimal(1), 10, "repair"),
    ]
    changed = bench.execute("SELECT confidence_score AS c, confidence_decile AS d, removal, removal_reason AS why "
                            "FROM prediction_accuracy_removed ORDER BY c")  # fmt: skip
    assert [(row["c"], row["d"]) for row in changed] == [(PERCENT, 10), (Decimal(100), 7)]
    assert {(row["removal"], row["why"]) for row in changed} == {("changed", "confidence_scale")}


@pytest.mark.parametrize(("fraction", "stray"), [("0.62", "1.0001"), ("0.62", "1.05"), ("0.62", "62"), ("1", "62")])
def test_incident_37_one_confidence_above_one_does_not_divide_the_fractions_beside_it(
    bench: LegacyBench, fraction: str, stray: str
) -> None:
    bench.fill(
        *(graded(confidence_score=Decimal(fraction), player_lookup=f"p{number}") for number in range(9)),
        graded(confidence_score=Decimal(stray)),
    )
    before = bench.rows()
    assert bench.repair().total.percent_scale_rows == 0
    assert bench.rows() == before
    [finding] = ACCURACY_OUT_OF_SCALE.findings(bench.warehouse, [DATE])
    assert (finding["copies"], finding["highest"]) == (1, Decimal(stray))


def test_incident_37_the_declared_scale_comes_before_the_guess(bench: LegacyBench) -> None:
    bench.fill(
        graded(confidence_score=Decimal("0.9")),
        graded(confidence_score=PERCENT, system_id="ensemble_v1"),
    )
    bench.repair(catboost_v9="percent", ensemble_v1="fraction")
    stored = bench.execute("SELECT confidence_score FROM prediction_accuracy ORDER BY system_id")
    assert [row["confidence_score"] for row in stored] == [Decimal("0.009"), PERCENT]


def test_incident_37_only_rows_that_nobody_fenced_are_judged(bench: LegacyBench) -> None:
    fenced = graded(confidence_score=Decimal("0.8"), player_lookup="fenced", grading_id="g", lease_token=1, run_id="r")
    bench.fill(fenced, graded(confidence_score=PERCENT), graded(confidence_score=PERCENT, system_id="ensemble_v1"))
    assert bench.repair().total.normalised == 2
    bench.fill(graded(confidence_score=Decimal("0.5"), player_lookup="later"))
    assert not bench.repair("again").total.needed
    stored = bench.execute("SELECT confidence_score AS c, run_id FROM prediction_accuracy ORDER BY c")
    assert [(row["c"], row["run_id"]) for row in stored] == [
        (Decimal("0.5"), None),
        (Decimal("0.625"), "repair"),
        (Decimal("0.625"), "repair"),
        (Decimal("0.8"), "r"),
    ]


def test_incident_37_what_we_wrote_ourselves_does_not_make_a_group_percent(bench: LegacyBench) -> None:
    fenced = graded(confidence_score=PERCENT, player_lookup="fenced", grading_id="g", lease_token=1, run_id="r")
    bench.fill(fenced, graded(confidence_score=Decimal("0.5")))
    assert not bench.forecast().total.needed


def test_incident_37_what_we_wrote_ourselves_is_not_divided_again(bench: LegacyBench) -> None:
    fenced = graded(confidence_score=Decimal("0.8"), player_lookup="fenced", grading_id="g", lease_token=1, run_id="r")
    bench.fill(fenced, graded(confidence_score=PERCENT))
    bench.repair(catboost_v9="percent")
    stored = bench.execute("SELECT confidence_score FROM prediction_accuracy ORDER BY confidence_score")
    assert [row["confidence_score"] for row in stored] == [Decimal("0.625"), Decimal("0.8")]


def test_another_transaction_repairs_its_dates_and_leaves_the_sound_ones(bench: LegacyBench) -> None:
    """As a grading does it: its dates come unsifted."""
    bench.fill(graded(), graded(), graded(game_date=NEXT_DATE), graded(game_date=NEXT_DATE, system_id="other"))
    sound = bench.execute("SELECT * FROM prediction_accuracy WHERE game_date = '2026-01-16' ORDER BY system_id")
    dates, live = [DATE, NEXT_DATE], bench.warehouse.live_columns("prediction_accuracy")
    with bench.writer().holding("grading", dates, Holder.here("grading")) as leased:
        leased.write(dates, lambda fenced: bench.repairer().statements(fenced, live))
    assert bench.execute("SELECT * FROM prediction_accuracy WHERE game_date = '2026-01-16' ORDER BY system_id") == sound
    assert [row["game_date"] for row in bench.execute("FROM grading_ledger")] == [DATE]
    assert sum(bench.rows().values()) == 3


def test_a_second_repair_takes_no_lease_and_writes_nothing(bench: LegacyBench) -> None:
    bench.fill(graded(), graded(), graded(confidence_score=PERCENT, player_lookup="lukadoncic"))
    bench.repair()
    tables = ("prediction_accuracy", "prediction_accuracy_removed", "grading_ledger", "consolidation_fences")
    before = [bench.rows(table) for table in tables]
    bench.leases.try_acquire([lease_key("grading", DATE)], Holder.here("other"), 60, operation_id="x")
    again = bench.repair("again")
    assert (again.total.needed, again.repaired_dates) == (False, ())
    assert [bench.rows(table) for table in tables] == before


def test_a_date_with_nothing_to_repair_is_not_rewritten(bench: LegacyBench) -> None:
    bench.fill(graded(), graded(), graded(game_date=NEXT_DATE), graded(game_date=NEXT_DATE, player_lookup="lukadoncic"))
    places = "SELECT rowid, player_lookup FROM prediction_accuracy WHERE game_date = DATE '2026-01-16' ORDER BY 1"
    before = bench.execute(places)
    report = bench.repair()
    assert bench.execute(places) == before  # as long as nobody closes the file: DuckDB then moves rows together
    assert report.repaired_dates == (DATE,)
    assert [(date, repair.before.rows, repair.after.rows) for date, repair in report.by_date.items()] == [
        (DATE, 2, 1),
        (NEXT_DATE, 2, 2),
    ]
    assert [row["game_date"] for row in bench.execute("FROM grading_ledger")] == [DATE]


def test_the_ledger_says_what_became_of_a_date(bench: LegacyBench) -> None:
    bench.fill(graded(), graded(1), graded(confidence_score=PERCENT, system_id="x"), graded(system_id="s"))
    bench.repair()
    [entry] = bench.execute("FROM grading_ledger")
    assert (entry["kind"], entry["run_id"], entry["lease_token"] > 0) == ("repair", "repair", True)
    counts = ("inserted", "updated", "unchanged", "removed", "total_rows", "active", "correct")
    assert tuple(entry[name] for name in counts) == (0, 1, 2, 1, 3, None, None)
    [changed] = bench.execute(
        "SELECT DISTINCT grading_id, lease_token FROM prediction_accuracy WHERE run_id = 'repair'"
    )
    assert changed == {"grading_id": entry["grading_id"], "lease_token": entry["lease_token"]}


def test_columns_that_we_do_not_declare_are_carried_and_kept_with_their_types(bench: LegacyBench) -> None:
    for column in ("notes STRUCT(a BIGINT)", "tags VARCHAR[]", '"odd name" DECIMAL(12, 7)', "doc JSON"):
        bench.execute(f"ALTER TABLE prediction_accuracy ADD COLUMN {column}")
    bench.execute("ALTER TABLE prediction_accuracy ALTER confidence_score TYPE DECIMAL(7, 4)")
    bench.fill(*[graded(confidence_score=Decimal("62.5450"))] * 2)
    bench.execute("UPDATE prediction_accuracy SET notes = {'a': 1}, tags = ['x', 'y'], \"odd name\" = 1.0000001, "
                  "doc = '{\"b\":2}'")  # fmt: skip
    before = bench.rows()
    bench.repair()
    carried = 'notes, tags, "odd name", doc'
    kept = bench.execute(f"SELECT DISTINCT {carried} FROM prediction_accuracy_removed")
    assert kept == [bench.only(carried)]
    assert kept[0] == {"notes": {"a": 1}, "tags": ["x", "y"], "odd name": Decimal("1.0000001"), "doc": '{"b":2}'}
    assert bench.only("confidence_score")["confidence_score"] == Decimal("0.6255")  # half up
    bench.restore()
    assert bench.rows() == before


def test_a_row_that_cannot_be_kept_exactly_poisons_its_date_alone(bench: LegacyBench) -> None:
    bench.execute("ALTER TABLE prediction_accuracy ALTER confidence_score TYPE DOUBLE")
    bench.execute("INSERT INTO prediction_accuracy (player_lookup, game_date, confidence_score) VALUES "
                  "('a', '2026-01-15', 0.123456789), ('a', '2026-01-15', 0.5), ('b', '2026-01-16', 62.5)")  # fmt: skip
    report = bench.repair()
    assert isinstance(report.poisoned[DATE], AuditFailed)
    assert "inexactly_kept" in str(report.poisoned[DATE])
    assert [(entry.game_date, entry.repair.normalised) for entry in report.systems] == [(NEXT_DATE, 0)]
    bench.execute("UPDATE prediction_accuracy SET system_id = 's'")
    assert bench.repair("again").total.normalised == 1


def test_a_table_that_was_not_adopted_is_left_alone_and_says_how(bench: LegacyBench) -> None:
    bench.execute("ALTER TABLE prediction_accuracy DROP COLUMN grading_id")
    for attempt in (bench.forecast, bench.repair):
        with pytest.raises(TableIncomplete, match=r"grading_id\. .*nba-consolidation bootstrap --apply"):
            attempt()


@pytest.mark.parametrize(
    ("kind", "digits"),
    [("NUMERIC(9, 6)", 6), ("NUMERIC(4, 3)", 3), ("NUMERIC", 9), ("BIGNUMERIC(60, 30)", 9), ("FLOAT64", 6)],
)
def test_a_confidence_is_rounded_to_what_its_column_holds(kind: str, digits: int) -> None:
    assert confidence_digits([Column("confidence_score", kind, "")]) == digits


@pytest.mark.parametrize("kind", ["INT64", "NUMERIC(5)", "NUMERIC(5, 0)", "STRING"])
def test_a_column_that_holds_no_fraction_is_refused(kind: str) -> None:
    with pytest.raises(TableIncomplete, match="holds no confidence between 0 and 1"):
        confidence_digits([Column("confidence_score", kind, "")])


def test_a_stale_repair_is_fenced_out(bench: LegacyBench) -> None:
    bench.fill(graded(), graded())
    before = bench.rows()

    def somebody_newer(statement: str) -> None:
        if statement == "keep_repaired":
            bench.execute("UPDATE consolidation_fences SET token = 9000000000000000")

    bench.warehouse.before = somebody_newer
    report = bench.repair()
    assert isinstance(report.poisoned[DATE], FencedOut)
    assert (bench.rows(), sum(bench.rows("grading_ledger").values())) == (before, 0)


def test_a_column_is_added_behind_the_fence(bench: LegacyBench) -> None:
    bench.execute("ALTER TABLE prediction_accuracy ADD COLUMN notes VARCHAR")
    bench.fill(graded(), graded())
    bench.execute("INSERT INTO consolidation_fences (lease_key, game_date, token) "
                  "VALUES ('grading_2026-01-15', '2026-01-15', 9000000000000000)")  # fmt: skip
    assert isinstance(bench.repair().poisoned[DATE], FencedOut)
    assert "notes" not in {column.name for column in bench.warehouse.live_columns("prediction_accuracy_removed")}


def test_a_grading_of_the_same_date_waits_for_the_repair(bench: LegacyBench) -> None:
    bench.fill(graded(), graded())
    held: list[LeaseHeld] = []

    def grading(statement: str) -> None:
        if statement == "keep_repaired":
            with (
                pytest.raises(LeaseHeld) as caught,
                bench.writer().holding("grading", [DATE], Holder.here("grading")),
            ):
                pass
            held.append(caught.value)

    bench.warehouse.before = grading
    assert not bench.repair().poisoned
    assert len(held) == 1


def test_a_repair_waits_for_a_grading_of_the_same_date(bench: LegacyBench) -> None:
    bench.fill(graded(), graded())
    with bench.writer().holding("grading", [DATE], Holder.here("grading")), pytest.raises(LeaseHeld):
        bench.repair()
    assert bench.repair().total.duplicates == 1


def test_long_ranges_are_written_in_chunks_and_tell_how_far_they_are(
    bench: LegacyBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fencing, "DATES_AT_ONCE", 2)
    dates = [DATE, NEXT_DATE, THIRD_DATE]
    bench.fill(*(graded(game_date=date) for date in dates for _ in range(2)))
    progress: list[tuple[int, int]] = []
    forecast = bench.repairer().forecast(dates)
    report = bench.repairer().repair(dates, Holder.here("repair"), lambda *at: progress.append(at))
    assert progress == [(0, 3), (2, 3), (3, 3)]
    assert report.systems == forecast.systems
    assert report.repaired_dates == tuple(dates)


def test_a_later_chunk_that_is_held_does_not_hide_what_was_done(
    bench: LegacyBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fencing, "DATES_AT_ONCE", 1)
    bench.fill(*(graded(game_date=date) for date in (DATE, NEXT_DATE) for _ in range(2)))
    with bench.writer().holding("grading", [NEXT_DATE], Holder.here("grading")):
        report = bench.repair()
    assert isinstance(report.poisoned[NEXT_DATE], LeaseHeld)
    assert report.repaired_dates == (DATE,)


def test_the_reason_of_a_failed_chunk_is_reported_although_a_later_one_is_held(
    bench: LegacyBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fencing, "DATES_AT_ONCE", 1)
    bench.fill(*(graded(game_date=date) for date in (DATE, NEXT_DATE) for _ in range(2)))
    bench.warehouse.failing = "clear_repaired"
    with bench.writer().holding("grading", [NEXT_DATE], Holder.here("grading")):
        report = bench.repair()
    assert {date: type(error) for date, error in report.poisoned.items()} == {
        DATE: StatementFailed,
        NEXT_DATE: LeaseHeld,
    }


def test_dates_are_those_of_which_anything_is_graded(bench: LegacyBench) -> None:
    bench.fill(graded(), graded(), graded(game_date=THIRD_DATE))
    assert game_dates(bench.warehouse, ACCURACY) == (DATE, THIRD_DATE)
    assert game_dates(bench.warehouse, ACCURACY, NEXT_DATE, dt.date(2030, 1, 1)) == (THIRD_DATE,)
    assert bench.repairer().repair([], Holder.here("nothing")).total.before.rows == 0


def test_a_hit_rate_without_a_bet_is_none(bench: LegacyBench) -> None:
    bench.fill(graded(recommendation="PASS", prediction_correct=None))
    total = bench.forecast().total
    assert (total.before.hit_rate, total.after.hit_rate, total.hit_rate_off, total.duplicates_share) == (
        None,
        None,
        None,
        0,
    )


def _rows() -> st.SearchStrategy[list[Row]]:
    """Few keys, so that they collide; all that decides, and one column that decides nothing."""
    fields = {
        "player_lookup": st.sampled_from(["a", "b"]),
        "game_date": st.sampled_from([DATE, NEXT_DATE]),
        "system_id": st.sampled_from(["declared", "guessed"]),
        "line_value": st.sampled_from([None, Decimal("20.5"), Decimal("21.0")]),
        "actual_points": st.sampled_from([None, 0, 24]),
        "recommendation": st.sampled_from([None, "OVER", "UNDER", "PASS"]),
        "graded_at": st.sampled_from([None, at(0), at(1)]),
        "confidence_score": st.sampled_from([None, Decimal(0), Decimal("0.625"), Decimal(1), Decimal("62.54321")]),
        "prediction_correct": st.sampled_from([None, True, False]),
        "model_version": st.sampled_from([None, "v1", "v2"]),
        "grading_id": st.sampled_from([None, None, "earlier"]),
    }
    changes = st.fixed_dictionaries({}, optional=fields)
    return st.lists(st.builds(lambda change: graded(**change), changes), min_size=1, max_size=25)


@given(rows=_rows(), seed=st.randoms(use_true_random=False), declared=st.booleans())
def test_what_stands_is_what_pandas_finds_in_any_order_and_can_be_put_back(
    rows: list[Row], seed: Any, declared: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scales = {"declared": "percent"} if declared else {}
    shuffled = seed.sample(rows, len(rows))
    results = [_repaired(tmp_path_factory, some, scales) for some in (rows, shuffled)]
    assert results[0] == results[1]
    expected_rows = expected(rows, scales)
    assert len(results[0]) == len(expected_rows)
    for row in results[0]:
        assert any(_is_copy(row, content) for content in expected_rows[tuple(row[name] for name in KEY)])


def _repaired(folders: pytest.TempPathFactory, rows: Sequence[Row], scales: dict[str, str]) -> list[Row]:
    """The rows after a repair. Checks everything else about it."""
    bench = LegacyBench(folders.mktemp("any"))
    with bench.kept_open():
        bench.fill(*rows)
        before = bench.rows()
        needed = bench.repair(**scales).total.needed
        assert not bench.repair("again", **scales).total.needed
        current_rows = bench.execute(f"SELECT * FROM prediction_accuracy ORDER BY {', '.join(KEY)}")
        if needed:
            bench.restore()
        assert bench.rows() == before
    return [{**row, "grading_id": row["run_id"] and "fenced", "lease_token": None} for row in current_rows]


def _is_copy(row: Row, content: Row) -> bool:
    """Whether the row is that content; of a changed row it is enough that it says who changed it."""
    changed = content["run_id"] is not None
    lineage = {"grading_id", "lease_token", "run_id"}
    return changed == (row["run_id"] == "repair") and all(
        row[name] == value for name, value in content.items() if name not in lineage
    )
