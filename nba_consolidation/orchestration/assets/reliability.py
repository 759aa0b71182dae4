"""Which players a bet is worse on, whose points scatter: for a date's morning, from the games before it."""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg

from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.assets.common import GRAIN, INSIGHT, OWNERS, WRITERS, Kinds, dates_of, picture
from nba_consolidation.orchestration.checks import reliability as checks
from nba_consolidation.orchestration.metadata import Metadata, column_schema, table_of, without
from nba_consolidation.pipeline.analysis.reliability import queries
from nba_consolidation.pipeline.analysis.reliability.review import ReviewedDate
from nba_consolidation.pipeline.daily_report import charts
from nba_consolidation.pipeline.daily_report.chart_files import png
from nba_consolidation.schema import ACCURACY, BLACKLISTED, PLAYER_RELIABILITY
from nba_consolidation.warehouse.interface import Row
from nba_consolidation.wiring import Deployment

_SHOWN = ("player_lookup", "status", "reason", "since", "until", "bets", "effective_bets", "hit_rate",
          "hit_rate_low", "hit_rate_high", "shrunken_rate", "worse_q", "bias", "bias_flag", "points_sd_10",
          "variance_flag")  # fmt: skip
_POLICY = ("policy", "acting", "flagged_players", "ever_flagged", "bets", "hit_rate", "hit_rate_low",
           "hit_rate_high", "other_bets", "difference", "difference_low", "difference_high", "verdict")  # fmt: skip


def reliability_asset(
    partitions: dg.PartitionsDefinition, single_run: dg.BackfillPolicy, kinds: Kinds
) -> dg.AssetsDefinition:
    """player_reliability."""

    @dg.asset(
        name=PLAYER_RELIABILITY.name,
        deps=[ACCURACY.name],
        partitions_def=partitions,
        backfill_policy=single_run,
        group_name=INSIGHT,
        pool=WRITERS,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: "player"},
        description=PLAYER_RELIABILITY.description,
        metadata={"dagster/column_schema": column_schema(PLAYER_RELIABILITY)},
        check_specs=checks.specs_of_a_review(),
    )
    def player_reliability(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        dates = dates_of(context)
        report = deployment.reviewer.review(dates, Holder.here(context.run.run_id), context.log.debug)
        if report.followed:
            context.log.info("Later dates of the season were brought up to date: %d", len(report.followed))
        players = queries.players(deployment.warehouse, dates[0], dates[-1])
        policies = queries.policies(deployment.warehouse, dates[0], dates[-1])
        by_date = {date.game_date: date for date in report.dates}
        for date in dates:
            metadata = _of_date(by_date[date], players, policies)
            context.add_asset_metadata(metadata, partition_key=str(date))
        last = [row for row in players if row["game_date"] == dates[-1]]
        _plot(context, dates[-1], last)
        yield from checks.all_results(dates[-1], last, [row for row in policies if row["game_date"] == dates[-1]])
        yield dg.MaterializeResult()

    return player_reliability


def _of_date(date: ReviewedDate, players: Sequence[Row], policies: Sequence[Row]) -> Metadata:
    """Counts that the UI plots; whoever is not simply normal, as a table; what each policy came to, out of time."""
    of_date = [row for row in players if row["game_date"] == date.game_date]
    told = [row for row in of_date if row["status"] not in ("normal", "not_enough") or row["flagged_by"]]
    return {
        "dagster/partition_row_count": date.players,
        **without(vars(date), "game_date"),
        "flagged": table_of([{name: row[name] for name in _SHOWN} for row in told]),
        "policies": table_of(
            [{name: row[name] for name in _POLICY} for row in policies if row["game_date"] == date.game_date]
        ),
    }


def _plot(context: dg.AssetExecutionContext, date: dt.date, players: Sequence[Row]) -> None:
    """The pictures go to the last date only: what a result carries, Dagster repeats with every date of the run."""
    funnel = charts.player_funnel(players, [row["player_lookup"] for row in players if row["status"] == BLACKLISTED])
    if funnel:
        image = png([funnel], f"Players' hit rates, season up to {date}")
        context.add_asset_metadata({"hit_rates_of_players": picture(image)}, partition_key=str(date))
