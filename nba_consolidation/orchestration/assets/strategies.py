"""What flat bets came to, by strategy: season to date, once a game date is graded."""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg

from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.assets.common import GRAIN, INSIGHT, OWNERS, WRITERS, Kinds, dates_of, picture
from nba_consolidation.orchestration.checks import strategies as checks
from nba_consolidation.orchestration.metadata import Metadata, column_schema, table_of, without
from nba_consolidation.pipeline.analysis.betting import queries
from nba_consolidation.pipeline.analysis.betting.evaluate import EvaluatedDate
from nba_consolidation.pipeline.daily_report import charts
from nba_consolidation.pipeline.daily_report.chart_files import png
from nba_consolidation.schema import ACCURACY, ALL_SYSTEMS, PICKED, PLAYER_RELIABILITY, STRATEGY_PERFORMANCE
from nba_consolidation.warehouse.interface import Row, Warehouse
from nba_consolidation.wiring import Deployment

_BEST_SHOWN = 12
_SHOWN = ("strategy", "bets", "hit_rate", "hit_rate_low", "hit_rate_high", "roi", "roi_low", "roi_high", "roi_p",
          "pays", "difference", "difference_low", "difference_high", "difference_p", "verdict",
          "longest_losing_run", "max_drawdown", "picked")  # fmt: skip


def betting_asset(
    partitions: dg.PartitionsDefinition, single_run: dg.BackfillPolicy, kinds: Kinds
) -> dg.AssetsDefinition:
    """strategy_performance."""

    @dg.asset(
        name=STRATEGY_PERFORMANCE.name,
        deps=[ACCURACY.name, PLAYER_RELIABILITY.name],
        partitions_def=partitions,
        backfill_policy=single_run,
        group_name=INSIGHT,
        pool=WRITERS,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: "strategy"},
        description=f"{STRATEGY_PERFORMANCE.description} The best-looking of hundreds is mostly luck: `pays` and "
        "`verdict` are what is left once all of them are considered, PICKED is what choosing the best came to.",
        metadata={"dagster/column_schema": column_schema(STRATEGY_PERFORMANCE)},
        check_specs=checks.specs_of_an_evaluation(),
    )
    def strategy_performance(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        dates = dates_of(context)
        report = deployment.strategist.evaluate(dates, Holder.here(context.run.run_id), context.log.debug)
        if report.followed:
            context.log.info("Later dates of the season were brought up to date: %d", len(report.followed))
        by_date = {date.game_date: date for date in report.dates}
        rows = queries.strategies(deployment.warehouse, dates[0], dates[-1])
        for date in dates:
            of_date = [row for row in rows if row["game_date"] == date]
            context.add_asset_metadata(_of_date(by_date[date], of_date), partition_key=str(date))
        last = [row for row in rows if row["game_date"] == dates[-1]]
        _plot(context, deployment.warehouse, dates[-1], last)
        yield from checks.all_results(dates[-1], last)
        yield dg.MaterializeResult()

    return strategy_performance


def _of_date(date: EvaluatedDate, rows: Sequence[Row]) -> Metadata:
    """Counts that the UI plots; what was picked, plain bets, and the best, as a table."""
    return {
        "dagster/partition_row_count": date.strategies,
        **without(vars(date), "game_date"),
        "best_and_plain": table_of([{name: row[name] for name in _SHOWN} for row in _chosen(rows)]),
    }


def _chosen(rows: Sequence[Row]) -> list[Row]:
    """The picked one, the plain ones, and the best of the others that made bets of their own."""
    baselines, others = queries.baselines_and_others(rows)
    return baselines + [row for row in others if row["roi_low"] is not None][:_BEST_SHOWN]


def _plot(context: dg.AssetExecutionContext, warehouse: Warehouse, date: dt.date, rows: Sequence[Row]) -> None:
    """Pictures go to the last date only: what a result carries, Dagster repeats with every date of the run."""
    known = [row for row in _chosen(rows) if row["roi_low"] is not None]
    returns = charts.returns_by_strategy(sorted(known, key=lambda row: -row["roi"]))
    if returns is None:
        return
    best = queries.simplest([row for row in rows if row["roi_low"] is not None])[0]["strategy"]
    labels = {ALL_SYSTEMS: "every bet of every system", best: f"{best}: the best in hindsight",
              PICKED: "the best before each date"}  # fmt: skip
    over_time = queries.season_to_date(date, warehouse, labels)
    drawn = {
        "returns": png([returns], f"Returns by strategy, season up to {date}"),
        "profit_over_time": png(
            [charts.profits_over_time(over_time, labels)], f"Profit at {rows[0]['odds']:+d}, one unit a bet"
        ),
    }
    context.add_asset_metadata({name: picture(image) for name, image in drawn.items()}, partition_key=str(date))
