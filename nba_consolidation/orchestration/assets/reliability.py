"""Per-player reliability as of the morning of a game date, from the games before it."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from nba_consolidation.orchestration.assets.asset_step import AssetResult, AssetRun, asset_step
from nba_consolidation.orchestration.assets.common import ANALYSIS_GROUP, table_asset
from nba_consolidation.orchestration.automation_conditions import LAST_DATES, after_changes
from nba_consolidation.orchestration.checks.reliability import ReviewOutcome
from nba_consolidation.orchestration.metadata import Metadata, displayed, rows_of, without
from nba_consolidation.schema import ACCURACY, BLACKLISTED, PLAYER_RELIABILITY, display_columns

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.reliability.review import ReviewedDate
    from nba_consolidation.warehouse.interface import Row


def _committed(run: AssetRun) -> AssetResult:
    """The last review of the players."""
    from nba_consolidation.pipeline.analysis.reliability import queries
    from nba_consolidation.warehouse.table_reads import last_game_date

    warehouse = run.deployment.warehouse
    last = last_game_date(warehouse, PLAYER_RELIABILITY) or run.last
    players, policies = queries.players(warehouse, last, last), queries.policies(warehouse, last, last)
    return AssetResult(outcome=ReviewOutcome(last, players, policies))


@asset_step(
    table_asset(
        *(PLAYER_RELIABILITY, ANALYSIS_GROUP, "player", dg.AssetDep(ACCURACY.name, partition_mapping=LAST_DATES)),
        automation=after_changes(ACCURACY.name),  # not every date has games
    ),
    examine=_committed,
)
def player_reliability(run: AssetRun) -> AssetResult:
    """Reviews the players for the dates."""
    from nba_consolidation.pipeline.analysis.reliability import queries

    warehouse = run.deployment.warehouse.reader()
    report = run.deployment.reviewer.review(run.dates, run.holder, run.log_step)
    run.log_later_dates(report.followed)
    players = queries.players(warehouse, run.first, run.last)
    policies = queries.policies(warehouse, run.first, run.last)
    reviewed = [date for date in report.dates if date.game_date in run.dates]
    last = rows_of(players, run.last)
    return AssetResult(
        {PLAYER_RELIABILITY.name: {date.game_date: _metadata(date, players, policies) for date in reviewed}},
        images={PLAYER_RELIABILITY.name: _images(run.last, last)},
        outcome=ReviewOutcome(run.last, last, rows_of(policies, run.last)),
    )


def _metadata(date: "ReviewedDate", players: "Sequence[Row]", policies: "Sequence[Row]") -> Metadata:
    """Counts that the UI plots; every player who is not simply normal, as a table; the result of each policy."""
    flagged = [
        row
        for row in rows_of(players, date.game_date)
        if row["status"] not in ("normal", "not_enough") or row["flagged_by"]
    ]
    return {
        "dagster/partition_row_count": date.players,
        **without(vars(date), "game_date"),
        "flagged": displayed(flagged, display_columns.PLAYERS),
        "policies": displayed(rows_of(policies, date.game_date), display_columns.POLICIES),
    }


def _images(date: dt.date, players: "Sequence[Row]") -> dict[str, bytes]:
    from nba_consolidation.pipeline.daily_report import charts
    from nba_consolidation.pipeline.daily_report.chart_files import png

    funnel = charts.player_funnel(players, [row["player_lookup"] for row in players if row["status"] == BLACKLISTED])
    return {"hit_rates_of_players": png([funnel], f"Players' hit rates, season up to {date}")} if funnel else {}
