"""The table of strategies: the results of flat bets by bettor and conditions. Counted from graded rows."""

from __future__ import annotations

from nba_consolidation.schema.declaration import Table, columns
from nba_consolidation.schema.performance import ALL_SYSTEMS

UNANIMOUS, MAJORITY, PICKED = "UNANIMOUS", "MAJORITY", "PICKED"
"""The system_id of combined bettors: several systems that agree, and the best strategy before each date."""

PAYS = ("profit", "loss", "noise", "not_enough")
"""Whether a strategy makes money, all of its family considered: the baselines of the date, or all other strategies."""

VERDICTS = ("better", "worse", "noise", "not_enough", "baseline")
"""A strategy compared with plain bets of the same systems, all strategies of the date considered."""

STRATEGY_PERFORMANCE = Table(
    name="strategy_performance",
    description="Results of flat bets by strategy: season to date, up to and including the game date.",
    partition_by="game_date",
    cluster_by=("system_id",),
    primary_key=("game_date", "strategy"),
    columns=columns(
        ("game_date", "DATE", "Last date that counts."),
        ("season_first", "DATE", "First date that counts: 1 July."),
        ("strategy", "STRING", "The name of the strategy, from the next four columns."),
        (
            "system_id",
            "STRING",
            (
                f"A system; {ALL_SYSTEMS} systems; {UNANIMOUS}, if all systems that bet on a line agree, at "
                f"least two; {MAJORITY}, if more than half do; {PICKED}, the strategy that was best before the date."
            ),
        ),
        (
            "min_confidence",
            "FLOAT64",
            "Only bets with at least this confidence, as graded; 0: all bets, also those without one.",
        ),
        ("min_edge", "FLOAT64", "Only bets with |predicted - line| of at least so many points; 0: all bets."),
        (
            "players",
            "STRING",
            "all, or unflagged: without those that the review of the bet's date, or of the week before, blacklists.",
        ),
        ("picked", "STRING", f"Of {PICKED}: the strategy picked for the next game date; NULL: none yet."),
        ("picks_changed", "INT64", f"Of {PICKED}: how many times the pick changed from one date to the next."),
        ("bet_days", "INT64", "Game dates with decided bets."),
        ("bets", "INT64", "Decided bets, one unit each; a push stakes nothing."),
        ("correct", "INT64", "Bets won."),
        ("wrong", "INT64", "Bets lost."),
        ("hit_rate", "FLOAT64", "Correct / bets; NULL without bets."),
        ("hit_rate_low", "FLOAT64", "Lower end of its 95 % bootstrap interval by game date; NULL: not enough."),
        ("hit_rate_high", "FLOAT64", "Upper end of it."),
        ("odds", "INT64", "American odds of every bet."),
        ("profit", "FLOAT64", "Units won less units lost."),
        ("roi", "FLOAT64", "Profit / bets; NULL without bets."),
        ("roi_low", "FLOAT64", "Lower end of its 95 % bootstrap interval by game date; NULL: not enough."),
        ("roi_high", "FLOAT64", "Upper end of it."),
        (
            "roi_p",
            "FLOAT64",
            "The probability that any of its family (baselines, or all others) lies so far from an ROI of 0 by chance.",
        ),
        ("pays", "STRING", f"By roi_p: {', '.join(PAYS)}."),
        (
            "longest_losing_run",
            "INT64",
            "Bets lost in a row: by date, in it by system, player and line, as bets of a date have no order.",
        ),
        ("max_drawdown", "FLOAT64", "Most units that the profit ever lay below its highest so far, at ends of dates."),
        ("baseline", "STRING", "The plain bets that it is compared with: the same systems, no threshold, all players."),
        ("difference", "FLOAT64", "ROI less that of the baseline; NULL: not enough, or it is the baseline."),
        ("difference_low", "FLOAT64", "Lower end of its 95 % interval, from the same resampled dates."),
        ("difference_high", "FLOAT64", "Upper end of it."),
        ("difference_p", "FLOAT64", "As roi_p, of the differences."),
        ("verdict", "STRING", f"By difference_p: {', '.join(VERDICTS)}."),
        ("evaluation_id", "STRING", "The transaction that wrote the row; an unchanged row is not rewritten."),
        ("lease_token", "INT64", "Its fencing token."),
        ("run_id", "STRING", "Run (Dagster's, or a terminal's) that it was part of."),
        ("computed_at", "TIMESTAMP", "When."),
    ),
)
