"""The beginning of a real season: players, lines and games, compared with pandas row by row."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from nba_consolidation.fencing.audits import ACTIVE_TWINS, DUPLICATE_BUSINESS_KEYS, DUPLICATE_VALIDATED
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation_tests.pipeline.consolidation.oracle import KEY
from nba_consolidation_tests.pipeline.consolidation.workbench import Workbench
from nba_consolidation_tests.real_data import NEEDS_REAL_DATA, REAL

pytestmark = NEEDS_REAL_DATA

COMPARED = [
    *("predicted_points", "confidence_score", "recommendation", "has_prop_line", "line_margin", "line_source"),
    *("sportsbook", "team_abbr", "opponent_team_abbr", "model_version", "is_actionable", "prediction_run_mode"),
]


@pytest.fixture(scope="module")
def pandas_counts() -> Any:
    return json.loads((REAL / "expected.json").read_text())


@pytest.fixture(scope="module")
def staged_rows() -> pd.DataFrame:
    """Every staged row, with the file that it came from; exact decimals, no sorting."""
    frames: list[pd.DataFrame] = [
        pq.read_table(path).to_pandas(date_as_object=True).assign(staging_table=path.stem)
        for path in (REAL / "staging").glob("*.parquet")
    ]
    return pd.concat([frame.astype(object) for frame in frames], ignore_index=True)


@pytest.fixture(scope="module")
def dates(staged_rows: pd.DataFrame) -> list[dt.date]:
    return sorted(set(staged_rows["game_date"]))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder = tmp_path_factory.mktemp("real")
    shutil.copytree(REAL / "staging", folder / "staging")
    (folder / "staging").chmod(0o755)
    bench = Workbench(folder)
    with bench.kept_open():
        yield bench
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def report(bench: Workbench, dates: list[dt.date]) -> ConsolidationReport:
    return bench.consolidate(*dates)


@pytest.fixture(scope="module")
def published(bench: Workbench, report: ConsolidationReport) -> pd.DataFrame:
    assert not report.poisoned
    return pd.DataFrame(bench.published()).astype(object)


def newest_of_each_key(rows: pd.DataFrame) -> pd.DataFrame:
    """The row that each business key must have, by the design's rule and pandas alone."""
    keyed = rows.assign(line=rows["current_points_line"].map(str))
    ordered = keyed.sort_values(["created_at", "prediction_id"])
    return ordered.drop_duplicates([*KEY[:4], "line"], keep="last")


def test_the_figures_are_those_that_were_counted_with_pandas(
    report: ConsolidationReport, published: pd.DataFrame, pandas_counts: Any
) -> None:
    assert len(report.dates) == pandas_counts["dates"] == 69
    assert (str(report.dates[0].game_date), str(report.dates[-1].game_date)) == (
        pandas_counts["first"],
        pandas_counts["last"],
    )
    assert len(report.dropped) == pandas_counts["staging_tables"]  # four of them hold no row
    assert report.total("staging_tables") == pandas_counts["staging_tables"] - 4
    assert report.total("staged") == pandas_counts["staged_rows"] == 47_154
    assert report.total("inserted") == len(published) == pandas_counts["consolidated_rows"] == 18_858
    assert report.total("active_rows") == published["is_active"].sum() == pandas_counts["active_rows"] == 16_155
    assert report.total("quarantined") == report.total("updated") == report.total("stale") == 0
    assert report.refused == ()


def test_every_current_row_is_the_one_that_pandas_computes(staged_rows: pd.DataFrame, published: pd.DataFrame) -> None:
    expected = newest_of_each_key(staged_rows)
    columns = [*KEY, "prediction_id", "created_at", *COMPARED]
    assert comparable(published, columns) == comparable(expected, columns)


def comparable(rows: pd.DataFrame, columns: list[str]) -> list[tuple[Any, ...]]:
    """The rows' cells, sorted, with every kind of missing value as None."""
    cells = rows.reindex(columns=columns).astype(object).itertuples(index=False)
    return sorted((tuple(None if pd.isna(cell) else cell for cell in row) for row in cells), key=str)


def test_active_is_the_newest_line_of_each_game_player_and_system(
    staged_rows: pd.DataFrame, published: pd.DataFrame
) -> None:
    newest = newest_of_each_key(staged_rows).sort_values(["created_at", "prediction_id"])
    expected = set(newest.drop_duplicates(list(KEY[:4]), keep="last")["prediction_id"])
    assert set(published.loc[published["is_active"].astype(bool), "prediction_id"]) == expected
    superseded = published.loc[~published["is_active"].astype(bool)]
    assert set(superseded["superseded_by"]) <= expected


def test_incident_34_rounding_the_line_would_have_lost_rows(published: pd.DataFrame, pandas_counts: Any) -> None:
    rounded = published["current_points_line"].map(lambda line: line.quantize(Decimal(1), ROUND_HALF_UP))
    kept = published.assign(line=rounded).drop_duplicates([*KEY[:4], "line"])
    assert len(published) - len(kept) == pandas_counts["rounding_the_line_would_lose"] == 1_143


def test_no_audit_finds_anything(bench: Workbench, report: ConsolidationReport, dates: list[dt.date]) -> None:
    assert not report.poisoned
    assert DUPLICATE_BUSINESS_KEYS.findings(bench.warehouse, dates) == []
    assert ACTIVE_TWINS.findings(bench.warehouse, dates) == []


def test_incident_37_the_rows_in_percent_are_those_that_pandas_counted(
    bench: Workbench, published: pd.DataFrame, dates: list[dt.date], pandas_counts: Any
) -> None:
    in_percent = published["confidence_score"] > 1
    assert in_percent.sum() == pandas_counts["percent_scale_rows"]
    validated = bench.validate(*dates)
    assert sum(counts.validated_rows for counts in validated) == pandas_counts["active_rows"]
    active_in_percent = (in_percent & published["is_active"].astype(bool)).sum()
    assert sum(counts.percent_scale_rows for counts in validated) == active_in_percent
    rows = bench.execute("SELECT * FROM validated_predictions")
    assert (
        max(str(row["game_date"]) for row in rows if row["confidence_scale"] == "percent")
        == (pandas_counts["percent_scale_until"])
    )
    assert all(0 <= row["confidence"] <= 1 for row in rows)
    assert DUPLICATE_VALIDATED.findings(bench.warehouse, dates) == []


@pytest.mark.slow
def test_the_same_tables_again_change_nothing_that_anybody_reads(
    bench: Workbench, published: pd.DataFrame, dates: list[dt.date]
) -> None:
    # New times: a file with its old time may get its old inode too, and be known as the consolidated one.
    shutil.copytree(REAL / "staging", bench.staging.folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    bench.staging.folder.chmod(0o755)
    again = bench.consolidate(*dates)
    assert (again.total("inserted"), again.total("updated"), again.total("staged")) == (0, 0, 47_154)
    assert pd.DataFrame(bench.published()).astype(object).equals(published)
