"""Any order, any split into runs and tables, any repetition: the same published rows, and no row lost."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter

from nba_consolidation_tests.pipeline.consolidation.oracle import expected, is_sound, key_of
from nba_consolidation_tests.pipeline.consolidation.workbench import (
    DATE,
    KNOWN,
    NEXT_DATE,
    NOW,
    Row,
    Workbench,
    points,
    prediction,
    staged,
)

DATES = (DATE, NEXT_DATE)


@dataclass(frozen=True)
class Worker:
    """A kind of worker: the types of its columns where they differ, and the columns that it does not know."""

    name: str
    types: Mapping[str, pa.DataType]
    without: tuple[str, ...] = ()

    def as_staged(self, row: Row) -> Row:
        """The row in the columns and types of this worker."""
        staged_row: Row = {name: None if name in self.without else value for name, value in row.items()}
        for name, kind in self.types.items():
            if staged_row[name] is not None:
                staged_row[name] = float(staged_row[name]) if pa.types.is_floating(kind) else int(staged_row[name])
        return staged_row

    def as_published(self, row: Row) -> Row:
        """The values of what this worker staged, in the live table's types."""
        staged_row = self.as_staged(row)
        for name in self.types:
            if staged_row[name] is not None and staged_row[name] == staged_row[name]:
                staged_row[name] = Decimal(repr(staged_row[name]))
        return staged_row


WORKERS = (
    Worker("today", {}),
    Worker("older", {}, ("model_version", "is_actionable", "line_margin", "invalidated_at", "invalidation_reason")),
    Worker("floats", {name: pa.float64() for name in ("predicted_points", "current_points_line", "confidence_score")}),
    Worker("integers", {"line_margin": pa.int64()}),
)
COMPARED = ("predicted_points", "confidence_score", "recommendation", "line_margin", "model_version", "is_actionable")

_BAD: tuple[Row, ...] = (
    {"recommendation": "MAYBE"},
    {"recommendation": None},
    {"predicted_points": Decimal("80.5")},
    {"predicted_points": None},
    {"confidence_score": Decimal("-0.5")},
    {"current_points_line": Decimal("20.2")},
    {"current_points_line": Decimal(0)},
    {"game_id": " "},
    {"player_lookup": None},
    {"created_at": NOW + dt.timedelta(hours=1)},
    {"created_at": None},
    {"prediction_id": ""},
)


@dataclass(frozen=True)
class Staged:
    """A row and the kind of worker that stages it."""

    row: Row
    worker: Worker

    def _repr_pretty_(self, printer: RepresentationPrinter, _cycle: bool) -> None:
        usual = prediction().items()
        printer.text(f"{self.worker.name}({dict(item for item in self.row.items() if item not in usual)})")


@dataclass(frozen=True)
class Run:
    """One consolidation: what is staged before it, by table, and the dates that it consolidates."""

    tables: tuple[tuple[Staged, ...], ...]
    dates: tuple[dt.date, ...]


KEYS = st.fixed_dictionaries(
    {
        "game_date": st.sampled_from(DATES),
        "player_lookup": st.sampled_from(["jaimejaquezjr", "lukadoncic"]),
        "system_id": st.sampled_from(["catboost_v9", "ensemble_v1"]),
    }
)
LINES = st.sampled_from([None, *map(Decimal, ("20.5", "21.0", "23.5", "24.0"))])
ODD = st.integers(0, 7).map(lambda number: number == 0)
"""True now and then."""


@st.composite
def staged_rows(draw: st.DrawFn, keys: st.SearchStrategy[Row], lines: st.SearchStrategy[Decimal | None]) -> Staged:
    row = prediction(
        minute=draw(st.sampled_from([0, 1, 30])),
        prediction_id=draw(st.sampled_from(["a", "b"])),
        current_points_line=draw(lines),
        predicted_points=draw(st.sampled_from([Decimal("9.5"), Decimal("21.5")])),
        confidence_score=draw(st.sampled_from([Decimal("0.5000"), Decimal("62.5000")])),
        line_margin=draw(st.sampled_from([None, Decimal("1.00")])),
        model_version=draw(st.sampled_from([None, "v8", "v9"])),
        **draw(keys),
    )
    worker = draw(st.sampled_from(WORKERS))
    if draw(ODD):
        row["invalidated_at"] = row["created_at"] + dt.timedelta(minutes=draw(st.sampled_from([0, 1, 20])))
        row["invalidation_reason"] = "the game was postponed"
    if draw(ODD):
        row |= draw(st.sampled_from(_BAD))
    if worker.name == "floats" and draw(ODD):
        row["predicted_points"] = draw(st.sampled_from([float("nan"), float("inf")]))
    return Staged(row, worker)


@st.composite
def runs(draw: st.DrawFn, rows: Sequence[Staged]) -> list[Run]:
    """An arrival of the rows: shuffled, split into tables and runs, some of them repeated."""
    number = draw(st.integers(1, 3))
    places = st.tuples(st.integers(0, number - 1), st.integers(0, 2))
    tables: defaultdict[tuple[int, int, str], list[Staged]] = defaultdict(list)
    for row in draw(st.permutations(rows)):
        for run, table in draw(st.lists(places, min_size=1, max_size=2)):
            tables[run, table, row.worker.name].append(row)
    dates = st.sampled_from([DATES, (DATE,), (NEXT_DATE,)])
    return [
        Run(
            tuple(tuple(rows) for (run, *_), rows in sorted(tables.items()) if run == index),
            DATES if index == number - 1 else draw(dates),
        )
        for index in range(number)
    ]


@st.composite
def two_arrivals(draw: st.DrawFn) -> tuple[list[Run], list[Run]]:
    keys = st.sampled_from(draw(st.lists(KEYS, min_size=1, max_size=2)))  # few, so that their rows meet
    lines = st.sampled_from(draw(st.lists(LINES, min_size=1, max_size=3)))
    rows = draw(st.lists(staged_rows(keys, lines), min_size=3, max_size=24))
    return draw(runs(rows)), draw(runs(rows))


def consolidated(arrival: Sequence[Run]) -> list[Row]:
    """What is published once all runs are through; checks after each run what must hold then."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        with bench.kept_open():
            counted = 0
            published: dict[Any, Row] = {}
            for number, run in enumerate(arrival):
                for table, rows in enumerate(run.tables):
                    stage(bench, f"_staging_20260115_12000{number}_{table}_{rows[0].worker.name}", rows)
                report = bench.consolidate(*run.dates)
                assert not report.poisoned
                assert not report.refused
                counted += report.total("staged")
                before, published = published, by_key(bench.published())
                assert_first_versions_stay(before, published)
            assert counted == sum(len(rows) for run in arrival for rows in run.tables)
            assert bench.staging_tables() == set()
            assert_rerunning_reads_nothing(bench)
            return list(published.values())


def stage(bench: Workbench, name: str, rows: Sequence[Staged]) -> None:
    worker = rows[0].worker
    staged_rows = [worker.as_staged(one.row) for one in rows]
    bench.stage_as(name, staged(staged_rows, types=worker.types, without=worker.without))


def by_key(published: Sequence[Row]) -> dict[Any, Row]:
    rows = {key_of(row): row for row in published}
    assert len(rows) == len(published)
    return rows


def assert_first_versions_stay(before: Mapping[Any, Row], after: Mapping[Any, Row]) -> None:
    for key, row in before.items():
        assert (after[key]["prediction_id"], after[key]["created_at"]) == (row["prediction_id"], row["created_at"])
        assert after[key]["prediction_version"] >= row["prediction_version"]


def assert_rerunning_reads_nothing(bench: Workbench) -> None:
    transactions, pinned = bench.warehouse.transactions, bench.staging.pinned_tables
    bench.consolidate(*DATES)
    assert (bench.warehouse.transactions, bench.staging.pinned_tables) == (transactions, pinned)


def assert_as_expected(published: Sequence[Row], arrival: Sequence[Run]) -> None:
    rows = [one.worker.as_published(one.row) for run in arrival for table in run.tables for one in table]
    oracle = expected([row for row in rows if is_sound(row, KNOWN, NOW)], COMPARED)
    assert set(map(key_of, published)) == set(oracle)
    ids = {key_of(row): row["prediction_id"] for row in published}
    for row in published:
        expected_row = oracle[key_of(row)]
        assert {name: row[name] for name in COMPARED} in expected_row.contents
        assert row["invalidated_at"] == expected_row.invalidated_at
        assert row["is_active"] == expected_row.is_active
        assert row["superseded_by"] == (ids[expected_row.superseded_by] if expected_row.superseded_by else None)


def values(published: Sequence[Row]) -> dict[Any, Row]:
    """What consumers read: everything but the history, and of superseded_by only whether."""
    history = {
        *("prediction_id", "created_at", "prediction_version", "updated_at", "superseded_by"),
        *("staging_table", "batch_id", "lease_token", "run_id", "consolidation_id"),
    }
    return {
        key_of(row): {name: value for name, value in row.items() if name not in history}
        | {"is_superseded": row["superseded_by"] is not None}
        for row in published
    }


def check_two_arrivals(arrivals: tuple[list[Run], list[Run]]) -> None:
    event(f"runs: {len(arrivals[0])} and {len(arrivals[1])}")
    one, other = consolidated(arrivals[0]), consolidated(arrivals[1])
    assert_as_expected(one, arrivals[0])
    assert_as_expected(other, arrivals[1])
    assert values(one) == values(other)


@given(two_arrivals())
def test_any_order_split_and_repetition_publishes_what_the_oracle_says(arrivals: tuple[list[Run], list[Run]]) -> None:
    check_two_arrivals(arrivals)


@pytest.mark.soak
@settings(settings.get_profile("soak"))
@given(two_arrivals())
def test_any_order_split_and_repetition_publishes_what_the_oracle_says_for_long(
    arrivals: tuple[list[Run], list[Run]],
) -> None:
    check_two_arrivals(arrivals)


@st.composite
def tied_versions(draw: st.DrawFn) -> tuple[list[Run], list[Run]]:
    """Rows of one key, equal in created_at and prediction_id, that differ in their values."""
    contents = st.builds(
        lambda predicted, version, worker: Staged(
            prediction(predicted_points=points(predicted), model_version=version), worker
        ),
        st.sampled_from(["9.5", "10.0", "21.5"]),
        st.sampled_from([None, "v8", "v9", 'v"9', "v|9", "Ω"]),
        st.sampled_from(WORKERS),
    )
    rows = draw(st.lists(contents, min_size=2, max_size=5))
    return draw(runs(rows)), draw(runs(rows))


@settings(max_examples=5)
@given(tied_versions())
def test_which_of_two_tied_versions_is_current_does_not_depend_on_their_order(
    arrivals: tuple[list[Run], list[Run]],
) -> None:
    check_two_arrivals(arrivals)
