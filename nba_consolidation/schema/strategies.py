"""The table of strategies: the results of flat bets by bettor and conditions. Counted from graded rows."""

from __future__ import annotations

from nba_consolidation.schema.declaration import Table, columns
from nba_consolidation.schema.performance import ALL_SYSTEMS

UNANIMOUS, MAJORITY, PICKED = "UNANIMOUS", "MAJORITY", "PICKED"
"""The system_id of combined bettors: several systems that agree, and the best strategy before each date."""

PAYS = ("profit", "loss", "noise", "not_enough")
"""Whether a strategy makes money, all strategies of the date considered."""

VERDICTS = ("better", "worse", "noise", "not_enough", "baseline")
"""How a strategy is beside plain bets of the same systems, all strategies of the date considered."""

STRATEGY_PERFORMANCE = Table(
    name="strategy_performance",
    description="What flat bets came to by strategy: season to date, up to and including the game date, out of time.",
    partition_by="game_date",
    cluster_by=("system_id",),
    primary_key=("game_date", "strategy"),
    columns=columns(
        ("game_date", "DATE", "Last date that counts."),
        ("season_first", "DATE", "First date that counts: 1 July."),
        ("strategy", "STRING", "The strategy, for people: what the next four columns say."),
        (
            "system_id",
            "STRING",
            (
                f"Whose bets: a system's; {ALL_SYSTEMS} of them; {UNANIMOUS}, what all that bet on a line agree on, "
                f"two at least; {MAJORITY}, what more than half do; {PICKED}, of the strategy that was best before."
            ),
        ),
        ("min_confidence", "FLOAT64", "Only bets of this confidence or more, as graded; 0: any, and those of none."),
        ("min_edge", "FLOAT64", "Only bets with |predicted - line| of so many points or more; 0: any."),
        (
            "players",
            "STRING",
            "all, or unflagged: none that the review for the bet's date, or of the week before, blacklists.",
        ),
        ("picked", "STRING", f"Of {PICKED}: the strategy that its bets of the next game date follow; NULL: none yet."),
        ("picks_changed", "INT64", f"Of {PICKED}: how many times that was another one than the date before."),
        ("bet_days", "INT64", "Game dates with bets that were decided."),
        ("bets", "INT64", "Bets that were decided, one unit each; a push stakes nothing, as it came back."),
        ("correct", "INT64", "Bets won."),
        ("wrong", "INT64", "Bets lost."),
        ("hit_rate", "FLOAT64", "Correct / bets; NULL without bets."),
        ("hit_rate_low", "FLOAT64", "Lower end of its 95 % Wilson interval, as if bets were independent."),
        ("hit_rate_high", "FLOAT64", "Upper end of it."),
        ("hit_rate_date_low", "FLOAT64", "Lower end of its 95 % bootstrap interval by game date; NULL: not enough."),
        ("hit_rate_date_high", "FLOAT64", "Upper end of it."),
        ("odds", "INT64", "American odds of every bet."),
        ("profit", "FLOAT64", "Units won less units lost."),
        ("roi", "FLOAT64", "Profit / bets; NULL without bets."),
        ("roi_low", "FLOAT64", "Lower end of its 95 % bootstrap interval by game date; NULL: not enough."),
        ("roi_high", "FLOAT64", "Upper end of it."),
        (
            "roi_p",
            "FLOAT64",
            "How probable it is that some strategy lies so far from an ROI of 0 by chance, of all of the date.",
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
