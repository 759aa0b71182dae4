"""Real rows of a grader without a lock: repaired, compared with pandas, and put back row by row."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation.operations.repair.repair_result import AccuracyRepair, RepairReport
from nba_consolidation_tests.operations.repair.legacy import KEY, LegacyBench
from nba_consolidation_tests.real_data import NEEDS_REAL_DATA, REAL

pytestmark = NEEDS_REAL_DATA


@pytest.fixture(scope="module")
def pandas_counts() -> Any:
    return json.loads((REAL / "expected.json").read_text())


@pytest.fixture(scope="module")
def legacy() -> pa.Table:
    return pq.read_table(REAL / "prediction_accuracy_legacy.parquet")


@pytest.fixture(scope="module")
def frame(legacy: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = legacy.to_pandas(date_as_object=True)
    return frame


@pytest.fixture(scope="module")
def kept(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each key the row that stays, by pandas alone."""
    ranked = frame.assign(
        is_graded=frame["actual_points"].notna(), is_bet=frame["recommendation"].isin(["OVER", "UNDER"])
    )
    return ranked.sort_values(["is_graded", "is_bet", "graded_at"]).drop_duplicates(KEY, keep="last")


def bench_with(legacy: pa.Table, folder: Path) -> LegacyBench:
    bench = LegacyBench(folder)
    bench.take(legacy)
    return bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, legacy: pa.Table) -> LegacyBench:
    """For tests that only look at it."""
    return bench_with(legacy, tmp_path_factory.mktemp("legacy"))


@pytest.fixture(scope="module")
def report(bench: LegacyBench) -> RepairReport[AccuracyRepair]:
    report = bench.repair()  # which is compared with its forecast
    report.raise_if_poisoned()
    return report


def test_the_rows_are_those_that_pandas_counted(report: RepairReport[AccuracyRepair], pandas_counts: Any) -> None:
    total = report.total
    assert total.before.rows == pandas_counts["legacy_rows"] == 15_772
    assert total.after.rows == pandas_counts["legacy_unique"] == 15_558
    assert total.duplicates == pandas_counts["legacy_duplicates"] == 214


def test_incident_37_every_confidence_in_percent_is_normalised(
    report: RepairReport[AccuracyRepair], bench: LegacyBench, kept: pd.DataFrame, pandas_counts: Any
) -> None:
    """The figure of expected.json counts the rows before the repair; twelve of them are duplicates that go."""
    assert report.total.percent_scale_rows == pandas_counts["legacy_percent_scale_rows"] == 993
    assert report.total.normalised == (kept["confidence_score"] > 1).sum() == 981
    [bounds] = bench.execute(
        "SELECT MIN(confidence_score) AS low, MAX(confidence_score) AS high FROM prediction_accuracy"
    )
    assert 0 <= bounds["low"] <= bounds["high"] <= 1


def test_incident_02_the_hit_rates_are_those_of_the_rows_that_stay(
    report: RepairReport[AccuracyRepair], frame: pd.DataFrame, kept: pd.DataFrame, pandas_counts: Any
) -> None:
    total = report.total
    assert (total.after.correct, total.after.wrong) == (pandas_counts["correct"], pandas_counts["wrong"])
    assert round(total.after.hit_rate or 0, 6) == pandas_counts["hit_rate"]
    for system, repair in report.by_system.items():
        for tally, rows in ((repair.before, frame), (repair.after, kept)):
            bets = rows.loc[rows["system_id"] == system, "prediction_correct"].dropna()
            assert (tally.bets, tally.correct) == (len(bets), bets.sum())
            assert tally.hit_rate == pytest.approx(bets.astype(float).mean())
        assert (repair.after.correct, repair.after.wrong) == tuple(
            pandas_counts["by_system"][system][figure] for figure in ("right", "wrong")
        )
    assert total.hit_rate_off == pytest.approx(100 * (4974 / 9911 - 4910 / 9773))


def test_every_row_that_stands_is_the_one_that_pandas_keeps(
    report: RepairReport[AccuracyRepair], bench: LegacyBench, kept: pd.DataFrame, legacy: pa.Table
) -> None:
    assert not report.poisoned
    columns = [name for name in legacy.column_names if name != "confidence_score"]
    pandas_counts = pa.Table.from_pandas(kept[legacy.column_names], legacy.schema, preserve_index=False)
    assert multiset(bench, columns) == rows_of(pandas_counts, columns)


def test_the_restore_brings_back_every_row_of_the_file(tmp_path: Path, legacy: pa.Table) -> None:
    bench = bench_with(legacy, tmp_path)
    report = bench.repair()
    assert report.run_id is not None
    restored = bench.restore(report.run_id)
    assert restored.total("put_back") == 214 + 981
    assert multiset(bench, legacy.column_names) == rows_of(legacy, legacy.column_names)
    [left] = bench.execute("SELECT COUNT(*) AS n FROM prediction_accuracy_removed WHERE removed_by_run_id = 'repair'")
    assert left["n"] == 0
    assert bench.restore(report.run_id, "again").dates == ()


def multiset(bench: LegacyBench, columns: list[str]) -> Counter[tuple[Any, ...]]:
    """The current rows, in these columns."""
    names = ", ".join(columns)
    return Counter(
        tuple(map(_plain, row.values())) for row in bench.execute(f"SELECT {names} FROM prediction_accuracy")
    )


def rows_of(data: pa.Table, columns: list[str]) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(map(_plain, row.values())) for row in data.select(columns).to_pylist())


def _plain(value: object) -> object:
    return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value
