"""Tables that are computed as a whole: unchanged rows stay, changed ones are replaced, one transaction per group."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nba_consolidation.fencing.computed_tables import ComputedTables, RecomputationReport, recompute
from nba_consolidation.fencing.errors import FencedOut
from nba_consolidation.leases import Holder
from nba_consolidation.schema import ALL_TABLES, POLICY_REVIEWS
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, THIRD_DATE, Workbench


@dataclass(frozen=True)
class ReviewedDate:
    game_date: dt.date
    players: int = 0
    written_rows: int = 0
    blacklisted: int = 0
    watched: int = 0
    reliable: int = 0
    not_enough: int = 0
    overridden: int = 0
    high_variance: int = 0
    biased: int = 0


TABLES = ComputedTables(
    "reliability", (POLICY_REVIEWS,), POLICY_REVIEWS, "review_id", "review_counts", ReviewedDate, "reviewed"
)
ROWS = [(DATE, "a", 1), (DATE, "b", 1), (NEXT_DATE, "a", 1)]


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    bench = Workbench(tmp_path)
    bench.warehouse.create_tables(ALL_TABLES)
    return bench


def run(
    bench: Workbench, rows: Sequence[tuple[dt.date, str, int]], *dates: dt.date, run_id: str = "run", **options: Any
) -> RecomputationReport[ReviewedDate]:
    """Recomputes policy_reviews with one value in each row."""

    def compute(dates_of_group: Sequence[dt.date]) -> Sequence[pd.DataFrame]:
        columns = [name for name in POLICY_REVIEWS.column_names if name not in ("lease_token", "run_id", "computed_at")]
        frame = pd.DataFrame([dict(zip(("game_date", "policy", "bets"), row, strict=True))
                              for row in rows if row[0] in dates_of_group])  # fmt: skip
        return [frame.reindex(columns=columns)]

    options = {"dependent": lambda _computed, _requested: (), "compute": compute, **options}
    return recompute(bench.writer(), TABLES, dates, Holder.here(run_id), **options)


def table(bench: Workbench) -> list[tuple[Any, ...]]:
    rows = bench.execute("SELECT * FROM policy_reviews ORDER BY game_date, policy")
    return [(row["game_date"], row["policy"], row["bets"], row["run_id"]) for row in rows]


def test_only_rows_that_changed_are_written_and_all_others_keep_their_lineage(bench: Workbench) -> None:
    run(bench, ROWS, DATE, NEXT_DATE, run_id="first")
    run(bench, [(DATE, "a", 1), (DATE, "c", 1), (NEXT_DATE, "a", 2)], DATE, NEXT_DATE, run_id="second")
    assert table(bench) == [(DATE, "a", 1, "first"), (DATE, "c", 1, "second"), (NEXT_DATE, "a", 2, "second")]


def test_rows_of_other_dates_are_left_alone(bench: Workbench) -> None:
    run(bench, ROWS, DATE, NEXT_DATE, run_id="first")
    run(bench, [], NEXT_DATE, run_id="second")
    assert table(bench) == [(DATE, "a", 1, "first"), (DATE, "b", 1, "first")]


def test_later_dates_that_depend_on_the_requested_ones_are_recomputed_with_them(bench: Workbench) -> None:
    report = run(bench, ROWS, DATE, dependent=lambda _, requested: [*requested, NEXT_DATE])
    assert (report.followed, [counts.game_date for counts in report.dates]) == ((NEXT_DATE,), [DATE, NEXT_DATE])
    assert len(table(bench)) == 3


def test_dates_of_one_group_go_into_one_transaction_and_the_report_has_all_groups(bench: Workbench) -> None:
    report = run(bench, ROWS, THIRD_DATE, DATE, NEXT_DATE, together=lambda date: date < THIRD_DATE)
    ids = {row["game_date"]: row["review_id"] for row in bench.execute("SELECT * FROM policy_reviews")}
    assert ids[DATE] == ids[NEXT_DATE] == report.transactions[0]
    assert len(report.transactions) == 2
    assert [counts.game_date for counts in report.dates] == [DATE, NEXT_DATE, THIRD_DATE]


def test_a_group_that_is_fenced_out_leaves_the_earlier_groups_committed_and_logged(
    bench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="nba_consolidation")
    bench.execute(
        "INSERT INTO consolidation_fences (lease_key, game_date, token, holder_id) VALUES (?, ?, ?, 'anna')",
        f"reliability_{NEXT_DATE}", NEXT_DATE, 2**60,
    )  # fmt: skip
    with pytest.raises(FencedOut):
        run(bench, ROWS, DATE, NEXT_DATE, together=lambda date: date)
    assert [row[0] for row in table(bench)] == [DATE, DATE]
    (logged,) = [record for record in caplog.records if getattr(record, "event", "") == "reviewed"]
    assert getattr(logged, "fields", {})["dates"] == [str(DATE)]


def test_without_dates_nothing_is_written_and_no_lease_is_taken(bench: Workbench) -> None:
    assert run(bench, ROWS) == RecomputationReport("run")
    assert table(bench) == []
