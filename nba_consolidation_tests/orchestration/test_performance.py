"""Runs of the performance assets: their metadata and its size, and when they warn."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.schema import ALL_SYSTEMS, TIME_WINDOWS
from nba_consolidation.schema.display import UNKNOWN
from nba_consolidation_tests.orchestration.conftest import Graph, checks, materialised
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded, bets

PERFORMANCE, CALIBRATION = "system_performance", "confidence_calibration"
TEN_DATES = [DATE - dt.timedelta(days) for days in range(9, -1, -1)]
PLOTTED_HIT_RATE = {"bets", "hit_rate_percent", "hit_rate_low_percent", "hit_rate_high_percent"}
DISPLAYED_HIT_RATE = {"bets", "hit rate", "95 % interval"}


@pytest.fixture
def home(graph: Graph) -> Graded:
    return Graded(graph.settings.home)


def analysed(graph: Graph, first: dt.date, last: dt.date | None = None) -> dg.ExecuteInProcessResult:
    """Both assets over the dates, as a single-run backfill has them."""
    tags = {
        "dagster/asset_partition_range_start": str(first),
        "dagster/asset_partition_range_end": str(last or first),
    }
    job = graph.definitions.resolve_implicit_global_asset_job_def()
    keys = {dg.AssetKey(PERFORMANCE), dg.AssetKey(CALIBRATION)}
    return job.get_subset(asset_selection=keys).execute_in_process(
        instance=graph.instance, tags=tags, raise_on_error=False
    )


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> dg.ExecuteInProcessResult:
    """A run over ten dates of six systems, of which one loses every bet."""
    graph = Graph(tmp_path_factory.mktemp("season") / "home")
    home = Graded(graph.settings.home)
    systems = ["catboost_v9", *(f"system_v{number}" for number in range(4))]
    home.add(row for day in TEN_DATES for system in systems for row in bets(6, 5, system_id=system, game_date=day))
    home.add(bets(0, 260, system_id="ensemble_v1"))
    return analysed(graph, TEN_DATES[0], DATE)


def mappings(value: object) -> Iterator[Mapping[str, Any]]:
    """Every mapping in metadata: the metadata itself, and the records of its tables."""
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from mappings(inner)
    elif isinstance(value, dg.TableMetadataValue):
        for record in value.records:
            yield record.data
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from mappings(inner.data if isinstance(inner, dg.TableRecord) else inner)


def test_both_are_materialised_with_their_figures(graph: Graph, home: Graded) -> None:
    home.add([*bets(6, 4, confidence_score=Decimal("0.8")), *bets(3, 3, system_id="ensemble_v1")])
    run = analysed(graph, DATE)
    assert run.success
    performance = materialised(run, PERFORMANCE)[str(DATE)]
    assert (performance["bets"], performance["hit_rate_percent"]) == (16, 56.25)
    rows = [record.data for record in performance["figures"].records]
    assert (ALL_SYSTEMS, "day", "16", "56.2 %") in [
        (row["system"], row["window"], row["bets"], row["hit rate"]) for row in rows
    ]
    assert [row["window"] for row in rows if row["system"] == ALL_SYSTEMS] == list(TIME_WINDOWS)
    assert performance["rows_written"] == performance["rows"] > 0
    calibration = materialised(run, CALIBRATION)[str(DATE)]
    assert {"ece", "brier", "log_loss", "mean_confidence_percent"} <= set(calibration)
    assert home.whole()["run_id"] == run.run_id


def test_every_hit_rate_has_its_bets_and_interval_in_all_metadata(season: dg.ExecuteInProcessResult) -> None:
    recorded = [
        *(event.materialization.metadata for event in season.get_asset_materialization_events()),
        *(evaluation.metadata for evaluation in season.get_asset_check_evaluations()),
    ]
    rows = [one for metadata in recorded for one in mappings({name: entry.value for name, entry in metadata.items()})]
    plotted = [one for one in rows if any(name.startswith("hit_rate_percent") for name in one)]
    assert len(plotted) > 10
    assert all(set(one) >= PLOTTED_HIT_RATE and one["bets"] > 0 for one in plotted)
    shown = [one for one in rows if "hit rate" in one]
    assert len(shown) > 10
    for one in shown:
        assert set(one) >= DISPLAYED_HIT_RATE
        assert one["bets"] != "0" or one["hit rate"] == UNKNOWN


def test_images_are_on_the_last_date_only_and_are_pngs(season: dg.ExecuteInProcessResult) -> None:
    for asset, name in ((PERFORMANCE, "hit_rate_over_time"), (CALIBRATION, "reliability")):
        by_date = materialised(season, asset)
        assert len(by_date) == 10
        assert [date for date, metadata in by_date.items() if name in metadata] == [str(DATE)]
        head, _, encoded = by_date[str(DATE)][name].partition(",")
        assert head == "![plot](data:image/png;base64"
        assert base64.b64decode(encoded.removesuffix(")")).startswith(b"\x89PNG")


def test_the_event_of_a_date_is_small(season: dg.ExecuteInProcessResult) -> None:
    sizes = {
        (event.asset_key, event.partition): len(dg.serialize_value(event.event_specific_data))
        for event in season.get_asset_materialization_events()
        if event.asset_key and event.event_specific_data
    }
    assert len(sizes) == 20
    for (_, partition), size in sizes.items():
        assert size < (90_000 if partition == str(DATE) else 25_000)


def test_a_date_without_graded_rows_has_no_figures(graph: Graph) -> None:
    run = analysed(graph, DATE)
    assert run.success
    metadata = materialised(run, PERFORMANCE)[str(DATE)]
    assert metadata["rows"] == 0
    assert not {"bets", "hit_rate_percent", "hit_rate_over_time"} & set(metadata)
    assert all(checks(run).values())


def test_a_day_off_leaves_the_rates_of_the_day_out(graph: Graph, home: Graded) -> None:
    home.add(bets(3, 2, game_date=DATE - dt.timedelta(1)))
    metadata = materialised(analysed(graph, DATE), PERFORMANCE)[str(DATE)]
    assert metadata["bets"] == 0
    assert not {*PLOTTED_HIT_RATE - {"bets"}, "mae", "roi_110_percent"} & set(metadata)
    assert "hit_rate_over_time" in metadata


def test_losing_systems_and_wrong_confidences_warn(graph: Graph, home: Graded) -> None:
    home.add([*bets(80, 170, confidence_score=Decimal("0.9")), *bets(150, 100, system_id="ensemble_v1")])
    run = analysed(graph, DATE)
    assert run.success
    evaluations = {one.check_name: one for one in run.get_asset_check_evaluations()}
    failing = {name: [row["system"] for row in mappings(one.metadata["failing"])] for name, one in evaluations.items()}
    assert failing == {"losing_systems": ["catboost_v9"], "calibration_error": ["ALL", "catboost_v9"]}
    assert {one.severity for one in evaluations.values()} == {dg.AssetCheckSeverity.WARN}


def test_systems_with_too_few_bets_are_left_out(graph: Graph, home: Graded) -> None:
    home.add(bets(0, 199, confidence_score=Decimal("0.9")))
    assert all(checks(analysed(graph, DATE)).values())
    home.add(bets(0, 1, confidence_score=Decimal("0.9")))
    assert not any(checks(analysed(graph, DATE)).values())


def test_the_odds_are_set_in_the_launchpad(graph: Graph, home: Graded) -> None:
    from nba_consolidation.orchestration.resources import resources_of

    home.add(bets(1, 1))
    config = {**resources_of(graph.settings)["warehouse"].model_dump(), "odds": 200}
    job = graph.definitions.resolve_implicit_global_asset_job_def()
    run = job.get_subset(asset_selection={dg.AssetKey(PERFORMANCE), dg.AssetKey(CALIBRATION)}).execute_in_process(
        instance=graph.instance,
        partition_key=str(DATE),
        run_config={"resources": {"warehouse": {"config": config}}},
    )
    assert run.success
    assert home.whole()["odds"] == 200
    assert json.dumps(home.whole()["roi"]) == "0.5"
