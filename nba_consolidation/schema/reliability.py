"""The tables of reliability: which players a bet is worse on than on others, whose points scatter, and who says so."""

from __future__ import annotations

from nba_consolidation.schema.declaration import Table, columns

PLAYER_STATUSES = ("blacklisted", "watch", "normal", "reliable", "not_enough")
"""What is known of a player. `not_enough`: too little to say anything."""

BLACKLISTED = "blacklisted"

VARIANCE_FLAGS = ("high", "high_for_volume", "normal", "not_enough")
"""How a player's points scatter. `high`: by the predecessor's rule; `high_for_volume`: beside players like him."""

BIAS_FLAGS = ("superstar_underprediction", "underprediction", "overprediction", "normal", "not_enough")
"""Whether predictions of a player lean to one side, all players considered."""

_WRITTEN = (
    ("review_id", "STRING", "The transaction that wrote the row; a row that comes out the same is left alone."),
    ("lease_token", "INT64", "Its fencing token."),
    ("run_id", "STRING", "Run (Dagster's, or a terminal's) that it was part of."),
    ("computed_at", "TIMESTAMP", "When."),
)

PLAYER_RELIABILITY = Table(
    name="player_reliability",
    description="What a game date's morning knows of each player: season to date, of games strictly before the date.",
    partition_by="game_date",
    cluster_by=("player_lookup",),
    primary_key=("game_date", "player_lookup"),
    columns=columns(
        ("game_date", "DATE", "The date that the row is for. No game of this date or of a later one counts."),
        ("player_lookup", "STRING", "The player, his name folded as the grading folds it."),
        ("season_first", "DATE", "First date that counts: 1 July."),
        ("last_game", "DATE", "The last date that counts and of which he has a graded row."),
        ("bets", "INT64", "Bets that were decided, of all enabled systems; pushes and passed ones are none."),
        ("correct", "INT64", "Bets won."),
        ("push", "INT64", "Bets that met the line exactly."),
        ("passed", "INT64", "Predictions that wanted no bet."),
        ("bet_days", "INT64", "Dates with decided bets. Bets of one date hang together: they have one outcome."),
        ("effective_bets", "FLOAT64", "What the bets are worth as independent ones (Rao and Scott 1992)."),
        ("hit_rate", "FLOAT64", "Correct / bets; NULL without bets."),
        ("hit_rate_low", "FLOAT64", "Lower end of its 95 % Wilson interval, at the effective number of bets."),
        ("hit_rate_high", "FLOAT64", "Upper end of it."),
        ("shrunken_rate", "FLOAT64", "The rate drawn towards all players' (beta-binomial, empirical Bayes)."),
        ("shrunken_low", "FLOAT64", "Lower end of its 95 % credible interval."),
        ("shrunken_high", "FLOAT64", "Upper end of it."),
        (
            "worse_p",
            "FLOAT64",
            "How probable so few bets won, or fewer, are if he is like all; NULL: not enough.",
        ),
        ("worse_q", "FLOAT64", "The smallest false discovery rate at which he is among the worse ones."),
        ("better_q", "FLOAT64", "The same at the other end."),
        ("edge_3_bets", "INT64", "Decided bets with |predicted - line| of 3 points or more."),
        ("edge_3_correct", "INT64", "Those won."),
        ("edge_3_rate", "FLOAT64", "Their share; NULL without such bets."),
        ("compared_days", "INT64", "Dates with points to compare with: what the bias is over."),
        ("bias", "FLOAT64", "Mean of predicted - actual points; of a date's systems the mean. Above 0: too much."),
        ("bias_low", "FLOAT64", "Lower end of its 95 % t interval over dates; NULL below two dates."),
        ("bias_high", "FLOAT64", "Upper end of it."),
        ("bias_q", "FLOAT64", "The smallest false discovery rate at which he is among the biased ones."),
        ("bias_flag", "STRING", f"One of {', '.join(BIAS_FLAGS)}."),
        ("mean_points_20", "FLOAT64", "Mean points of his last 20 games, or of all with 10: his volume."),
        ("points_sd_10", "FLOAT64", "Standard deviation of his points over the last 10 games; NULL below 10."),
        ("points_mad_10", "FLOAT64", "The same, robust: 1.4826 x median of |points - median|."),
        ("points_sd_20", "FLOAT64", "As points_sd_10, over 20."),
        ("points_mad_20", "FLOAT64", "As points_mad_10, over 20."),
        ("error_sd_10", "FLOAT64", "Standard deviation of predicted - actual points over the last 10 games."),
        ("error_mad_10", "FLOAT64", "The same, robust."),
        ("error_sd_20", "FLOAT64", "As error_sd_10, over 20."),
        ("error_mad_20", "FLOAT64", "As error_mad_10, over 20."),
        (
            "peer_sd_20",
            "FLOAT64",
            "Median points_sd_20 of the players nearest in volume; NULL: too few.",
        ),
        ("variance_q", "FLOAT64", "The smallest false discovery rate at which he scatters more than they do."),
        ("variance_flag", "STRING", f"One of {', '.join(VARIANCE_FLAGS)}."),
        (
            "confidence_reduction",
            "FLOAT64",
            "If flagged: what to take off a confidence, by what such bets came to.",
        ),
        ("flagged_by", "STRING", "The policies whose rule is met on this date, with a comma between; NULL: none."),
        ("policy", "STRING", "The policy that the status follows."),
        ("computed_status", "STRING", "What the policy says, hysteresis included."),
        ("status", "STRING", f"What holds: an override's, else the computed one. {', '.join(PLAYER_STATUSES)}."),
        ("reason", "STRING", "Why."),
        ("since", "DATE", "First date on which it holds without interruption."),
        ("until", "DATE", "It does not end before this date; NULL: no such date."),
        ("override_id", "STRING", "The override that holds, in player_overrides; NULL: none."),
        *_WRITTEN,
    ),
)

POLICY_REVIEWS = Table(
    name="policy_reviews",
    description="Each policy judged out of time: how bets went on players while flagged, beside all other bets.",
    partition_by="game_date",
    primary_key=("game_date", "policy"),
    columns=columns(
        ("game_date", "DATE", "The date that the row is for: bets of earlier dates of its season count."),
        ("policy", "STRING", "The policy."),
        ("acting", "BOOL", "Whether the status follows it."),
        ("players", "INT64", "Players of whom enough is known to be judged at all; of other policies, all."),
        ("flagged_players", "INT64", "Players blacklisted by it for this date."),
        ("ever_flagged", "INT64", "Players blacklisted by it on some date so far."),
        ("bets", "INT64", "Decided bets on players while flagged: the flag is from before, the bet from after."),
        ("correct", "INT64", "Those won."),
        ("hit_rate", "FLOAT64", "Their share; NULL without bets."),
        ("hit_rate_low", "FLOAT64", "Lower end of its 95 % interval, bets of one date hanging together."),
        ("hit_rate_high", "FLOAT64", "Upper end of it."),
        ("other_bets", "INT64", "All other decided bets."),
        ("other_correct", "INT64", "Those won."),
        ("difference", "FLOAT64", "Hit rate while flagged - hit rate of all others; NULL: not enough."),
        ("difference_low", "FLOAT64", "Lower end of its 95 % interval, clustered by date."),
        ("difference_high", "FLOAT64", "Upper end of it."),
        ("verdict", "STRING", "worse, better, noise (the interval holds 0) or not_enough."),
        *_WRITTEN,
    ),
)

OVERRIDES = Table(
    name="player_overrides",
    description="What people decided about players, with author and reason. Rows are added, never changed or removed.",
    primary_key=("override_id",),
    columns=columns(
        ("override_id", "STRING*", "The override."),
        ("player_lookup", "STRING*", "The player."),
        ("status", "STRING", "The status that holds instead of the computed one; NULL: the computed one holds again."),
        ("first_date", "DATE*", "First game date that it is for."),
        ("last_date", "DATE", "Last one; NULL: until another override."),
        ("author", "STRING*", "Who decided it."),
        ("reason", "STRING*", "Why."),
        ("lease_token", "INT64", "Fencing token of the transaction."),
        ("run_id", "STRING", "Run that wrote it."),
        ("created_at", "TIMESTAMP*", "When; of two that are for one date the later one holds."),
    ),
)
