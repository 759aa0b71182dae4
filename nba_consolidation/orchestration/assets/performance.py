"""How good each system is, and what its confidence is worth: two tables that one analysis writes in one transaction."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import dagster as dg

from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.assets.common import GRAIN, OWNERS, WRITERS, Kinds, dates_of, picture
from nba_consolidation.orchestration.checks import performance as checks
from nba_consolidation.orchestration.metadata import Metadata, column_schema, table_of
from nba_consolidation.pipeline.analysis.performance import queries
from nba_consolidation.pipeline.daily_report import charts
from nba_consolidation.pipeline.daily_report.chart_files import png
from nba_consolidation.schema import ACCURACY, ALL_SYSTEMS, CONFIDENCE_CALIBRATION, SYSTEM_PERFORMANCE, Table
from nba_consolidation.warehouse.interface import Row, Warehouse
from nba_consolidation.wiring import Deployment

_GROUP = "accuracy"
_HIT_RATE = ("bets", "hit_rate", "hit_rate_low", "hit_rate_high")
_PERFORMANCE = ("time_window", "system_id", *_HIT_RATE, "push", "voided", "compared", "mae", "bias", "roi_110", "roi")
_SCORES = ("time_window", "system_id", *_HIT_RATE, "mean_confidence", "ece", "brier", "log_loss", "without_confidence")
_PLOTTED_WINDOW, _RELIABILITY_WINDOW = "30d", "season"


class _Figures(NamedTuple):
    """What stands now for the dates of a run: the rows of `all`, and the scores."""

    performance: list[Row]
    scores: list[Row]


def performance_assets(
    partitions: dg.PartitionsDefinition, single_run: dg.BackfillPolicy, kinds: Kinds
) -> list[dg.AssetsDefinition]:
    """Both of them, from one step: their figures are of the same graded rows, whoever grades meanwhile."""

    @dg.multi_asset(
        name="performance",
        specs=[_spec(table, kinds) for table in (SYSTEM_PERFORMANCE, CONFIDENCE_CALIBRATION)],
        partitions_def=partitions,
        backfill_policy=single_run,
        pool=WRITERS,
        check_specs=checks.specs_of_an_analysis(),
    )
    def performance(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        dates = dates_of(context)
        report = deployment.analyst.analyse(dates, Holder.here(context.run.run_id), context.log.debug)
        if report.followed:
            context.log.info("Later dates that sum these up were brought up to date: %d", len(report.followed))
        stands = _standing(deployment.warehouse, dates)
        counts = {date.game_date: vars(date) for date in report.dates}
        cost = {"analysis_ms": round(1000 * report.seconds), "lease_wait_ms": report.lease_wait_ms,
                "lease_hold_ms": report.lease_hold_ms}  # fmt: skip
        for date in dates:
            run: Metadata = {"rows": counts[date]["total_rows"], "rows_written": counts[date]["written_rows"], **cost}
            _add(context, SYSTEM_PERFORMANCE, date, run | _of_date(stands.performance, date, _PERFORMANCE))
            _add(context, CONFIDENCE_CALIBRATION, date, run | _of_date(stands.scores, date, _SCORES))
        _plot(context, deployment.warehouse, dates[-1], stands)
        last = _Figures(*([row for row in rows if row["game_date"] == dates[-1]] for rows in stands))
        yield from checks.all_results(dates[-1], *last)
        for table in (SYSTEM_PERFORMANCE, CONFIDENCE_CALIBRATION):
            yield dg.MaterializeResult(asset_key=table.name)

    return [performance]


def _spec(table: Table, kinds: Kinds) -> dg.AssetSpec:
    return dg.AssetSpec(
        table.name,
        deps=[ACCURACY.name],
        group_name=_GROUP,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: "system_and_window"},
        description=table.description,
        metadata={"dagster/column_schema": column_schema(table)},
    )


def _standing(warehouse: Warehouse, dates: Sequence[dt.date]) -> _Figures:
    first, last = dates[0], dates[-1]
    return _Figures(
        queries.performance(warehouse, first, last, by="all"), queries.calibration_scores(warehouse, first, last)
    )


def _add(context: dg.AssetExecutionContext, table: Table, date: dt.date, metadata: Metadata) -> None:
    context.add_asset_metadata(metadata, asset_key=table.name, partition_key=str(date))


def _of_date(rows: Sequence[Row], date: dt.date, columns: Sequence[str]) -> Metadata:
    """The figures of all systems on the day, as numbers that the UI plots; and of every system and window, as a table.

    A hit rate that there is none of is left out, with its interval: NULL is not 0.
    """
    of_date = [row for row in rows if row["game_date"] == date]
    day = [row for row in of_date if (row["system_id"], row["time_window"]) == (ALL_SYSTEMS, "day")]
    known = {name: row[name] for row in day for name in columns[2:] if row[name] is not None}
    return {**known, "figures": table_of([{name: row[name] for name in columns} for row in of_date])}


def _plot(context: dg.AssetExecutionContext, warehouse: Warehouse, date: dt.date, stands: _Figures) -> None:
    """Pictures go to the last date only: what a result carries, Dagster repeats with every date of the run."""
    over_time = queries.hit_rates_until(date, warehouse, _PLOTTED_WINDOW)
    if over_time:
        diagram = png(charts.hit_rates_over_time(over_time), f"Hit rate over {_PLOTTED_WINDOW}, up to {date}")
        _add(context, SYSTEM_PERFORMANCE, date, {"hit_rate_over_time": picture(diagram)})
    bins = queries.reliability_tables(warehouse, date, date, window=_RELIABILITY_WINDOW)
    if bins:
        scores = [
            row for row in stands.scores if row["game_date"] == date and row["time_window"] == _RELIABILITY_WINDOW
        ]
        diagram = png(charts.reliability_by_system(bins, scores), f"Reliability, season up to {date}")
        _add(context, CONFIDENCE_CALIBRATION, date, {"reliability": picture(diagram)})
