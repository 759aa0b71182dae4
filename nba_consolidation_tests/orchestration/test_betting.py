"""Runs of strategy_performance: their metadata and its size, and when they warn."""

from __future__ import annotations

import base64
import datetime as dt
from decimal import Decimal
from typing import Any

import dagster as dg
import numpy as np
import pytest

from nba_consolidation.orchestration.checks.strategies import StrategyOutcome, misleading_thresholds
from nba_consolidation.schema import STRATEGY_PERFORMANCE
from nba_consolidation_tests.orchestration.conftest import Graph, checks, materialised
from nba_consolidation_tests.orchestration.test_performance import DISPLAYED_HIT_RATE, mappings
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded, bets

STRATEGIES = "strategy_performance"
FIRST = DATE - dt.timedelta(39)


@pytest.fixture
def home(graph: Graph) -> Graded:
    return Graded(graph.settings.home)


def evaluated(graph: Graph, first: dt.date, last: dt.date = DATE) -> dg.ExecuteInProcessResult:
    """Over the dates, as a single-run backfill has them."""
    tags = {"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)}
    job = graph.definitions.resolve_implicit_global_asset_job_def()
    return job.get_subset(asset_selection={dg.AssetKey(STRATEGIES)}).execute_in_process(
        instance=graph.instance, tags=tags, raise_on_error=False
    )


def season(home: Graded, sure: float, unsure: float, seed: int = 1) -> None:
    """40 dates of bets of two confidences, won so often."""
    chance = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(40):
        for confidence, rate in (("0.9", sure), ("0.5", unsure)):
            won = int(chance.binomial(12, rate))
            rows += bets(won, 12 - won, confidence_score=Decimal(confidence), game_date=FIRST + dt.timedelta(number))
    home.add(rows)


def test_a_season_is_one_run_with_counts_tables_and_images(graph: Graph, home: Graded) -> None:
    season(home, 0.52, 0.52)
    run = evaluated(graph, DATE - dt.timedelta(9))
    assert run.success
    by_date = materialised(run, STRATEGIES)
    assert len(by_date) == 10
    last = by_date[str(DATE)]
    assert last["strategies"] == last["written_rows"] == last["dagster/partition_row_count"] > 10
    assert last["with_enough_data"] > 0
    strategies = [one["strategy"].split(" (next: ")[0] for one in mappings(last["best_and_plain"])]
    assert {"ALL", "PICKED", "catboost_v9"} <= set(strategies)
    assert len(strategies) == len(set(strategies)) < 16
    for name in ("returns", "profit_over_time"):
        assert [date for date, metadata in by_date.items() if name in metadata] == [str(DATE)]
        head, _, encoded = last[name].partition(",")
        assert head == "![plot](data:image/png;base64"
        assert base64.b64decode(encoded.removesuffix(")")).startswith(b"\x89PNG")
    assert home.one(STRATEGIES, game_date=DATE, strategy="ALL")["run_id"] == run.run_id
    assert checks(run) == {"losing_picks": True, "misleading_thresholds": True}


def test_events_are_small_and_every_hit_rate_has_its_bets_and_interval(graph: Graph, home: Graded) -> None:
    season(home, 0.2, 0.6)
    run = evaluated(graph, DATE - dt.timedelta(1))
    for event in run.get_asset_materialization_events():
        size = len(dg.serialize_value(event.event_specific_data))
        assert size < (130_000 if event.partition == str(DATE) else 25_000)
    recorded = [
        *(event.materialization.metadata for event in run.get_asset_materialization_events()),
        *(evaluation.metadata for evaluation in run.get_asset_check_evaluations()),
    ]
    rows = [one for metadata in recorded for one in mappings({name: entry.value for name, entry in metadata.items()})]
    rates = [one for one in rows if "hit rate" in one]
    assert len(rates) > 10
    assert all(set(one) >= DISPLAYED_HIT_RATE for one in rates)


def test_misleading_thresholds_and_losing_picks_warn(graph: Graph, home: Graded) -> None:
    """The higher the confidence, the fewer bets are won; and all strategies lose."""
    season(home, 0.2, 0.4)
    run = evaluated(graph, DATE)
    assert run.success
    evaluations = {one.check_name: one for one in run.get_asset_check_evaluations()}
    failing = {
        name: {row["strategy"].split(" (next: ")[0] for row in mappings(one.metadata["failing"])}
        for name, one in evaluations.items()
    }
    assert failing["losing_picks"] == {"PICKED"}
    assert "catboost_v9, confidence 0.8+" in failing["misleading_thresholds"]
    assert "PICKED" not in failing["misleading_thresholds"]
    assert not any(checks(run).values())
    assert {one.severity for one in evaluations.values()} == {dg.AssetCheckSeverity.WARN}


def test_thresholds_that_help_do_not_warn(graph: Graph, home: Graded) -> None:
    season(home, 0.7, 0.4)
    run = evaluated(graph, DATE)
    assert checks(run) == {"losing_picks": True, "misleading_thresholds": True}
    assert materialised(run, STRATEGIES)[str(DATE)]["better"] > 0


def test_a_threshold_misleads_only_if_it_is_one_and_beyond_noise() -> None:
    """PICKED has a check of its own; too few bets and noise have none."""
    figures = dict.fromkeys(STRATEGY_PERFORMANCE.column_names)

    def passed(system: str, verdict: str) -> bool:
        row = {**figures, "strategy": system, "system_id": system, "verdict": verdict}
        return misleading_thresholds(StrategyOutcome(DATE, [row])).passed

    assert not passed("catboost_v9", "worse")
    assert passed("PICKED", "worse")
    assert all(passed("catboost_v9", verdict) for verdict in ("better", "noise", "not_enough", "baseline"))


def test_a_date_without_graded_rows_has_no_figures(graph: Graph) -> None:
    run = evaluated(graph, DATE)
    assert run.success
    metadata = materialised(run, STRATEGIES)[str(DATE)]
    assert (metadata["strategies"], metadata["with_enough_data"]) == (1, 0)
    assert "returns" not in metadata
    assert all(checks(run).values())


def test_the_job_grade_includes_it(graph: Graph) -> None:
    assert dg.AssetKey(STRATEGIES) in graph.definitions.resolve_job_def("grade").asset_layer.executable_asset_keys
