"""The results of flat bets by strategy: season to date, once a game date is graded."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nba_consolidation.orchestration.assets.asset_step import AssetResult, AssetRun, asset_step
from nba_consolidation.orchestration.assets.common import ANALYSIS_GROUP, table_asset
from nba_consolidation.orchestration.automation_conditions import after_changes
from nba_consolidation.orchestration.checks.strategies import StrategyOutcome
from nba_consolidation.orchestration.metadata import Metadata, displayed, rows_of, without
from nba_consolidation.schema import (
    ACCURACY,
    ALL_SYSTEMS,
    PICKED,
    PLAYER_RELIABILITY,
    STRATEGY_PERFORMANCE,
    display_columns,
)

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.betting.evaluate import EvaluatedDate
    from nba_consolidation.warehouse.interface import Row, Warehouse

_MOST_STRATEGIES = 12


def _committed(run: AssetRun) -> AssetResult:
    """The last evaluation of the strategies."""
    from nba_consolidation.pipeline.analysis.betting import queries
    from nba_consolidation.warehouse.table_reads import last_game_date

    last = last_game_date(run.deployment.warehouse, STRATEGY_PERFORMANCE) or run.last
    return AssetResult(outcome=StrategyOutcome(last, queries.strategies(run.deployment.warehouse, last, last)))


@asset_step(
    table_asset(
        STRATEGY_PERFORMANCE,
        ANALYSIS_GROUP,
        "strategy",
        *(ACCURACY.name, PLAYER_RELIABILITY.name),
        automation=after_changes(PLAYER_RELIABILITY.name),
        note="The best of hundreds of strategies is mostly luck: `pays` and `verdict` take the number of strategies "
        "into account, PICKED is the result of always choosing the best one so far.",
    ),
    examine=_committed,
)
def strategy_performance(run: AssetRun) -> AssetResult:
    """Evaluates the strategies for the dates."""
    from nba_consolidation.pipeline.analysis.betting import queries

    warehouse = run.deployment.warehouse.reader()
    report = run.deployment.strategist.evaluate(run.dates, run.holder, run.log_step)
    run.log_later_dates(report.followed)
    rows = queries.strategies(warehouse, run.first, run.last)
    evaluated = [date for date in report.dates if date.game_date in run.dates]
    last = rows_of(rows, run.last)
    return AssetResult(
        {STRATEGY_PERFORMANCE.name: {date.game_date: _metadata(date, rows) for date in evaluated}},
        images={STRATEGY_PERFORMANCE.name: _images(warehouse, run.last, last)},
        outcome=StrategyOutcome(run.last, last),
    )


def _metadata(date: "EvaluatedDate", rows: "Sequence[Row]") -> Metadata:
    """Counts that the UI plots; as a table the picked strategy, plain bets, and the best."""
    best = _best_and_plain(rows_of(rows, date.game_date))
    return {
        "dagster/partition_row_count": date.strategies,
        **without(vars(date), "game_date"),
        "best_and_plain": displayed(best, display_columns.STRATEGIES),
    }


def _best_and_plain(rows: "Sequence[Row]") -> "list[Row]":
    """The picked one, the plain ones, and the best of the others that have bets of their own."""
    from nba_consolidation.pipeline.analysis.betting import queries

    baselines, others = queries.baselines_and_others(rows)
    return baselines + [row for row in others if row["roi_low"] is not None][:_MOST_STRATEGIES]


def _images(warehouse: "Warehouse", date: dt.date, rows: "Sequence[Row]") -> dict[str, bytes]:
    from nba_consolidation.pipeline.analysis.betting import queries
    from nba_consolidation.pipeline.daily_report import charts
    from nba_consolidation.pipeline.daily_report.chart_files import png

    known = [row for row in _best_and_plain(rows) if row["roi_low"] is not None]
    returns = charts.returns_by_strategy(sorted(known, key=lambda row: -row["roi"]))
    if returns is None:
        return {}
    best = queries.simplest([row for row in rows if row["roi_low"] is not None])[0]["strategy"]
    labels = {ALL_SYSTEMS: "every bet of every system", best: f"{best}: the best in hindsight",
              PICKED: "the best before each date"}  # fmt: skip
    profits = charts.profits_over_time(queries.season_to_date(date, warehouse, labels), labels)
    return {
        "returns": png([returns], f"Returns by strategy, season up to {date}"),
        "profit_over_time": png([profits], f"Profit at {rows[0]['odds']:+d}, one unit a bet"),
    }
