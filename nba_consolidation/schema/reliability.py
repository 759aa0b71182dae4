"""The tables of reliability: the status of each player, the policies that give it, and overrides."""

from __future__ import annotations

from nba_consolidation.schema.declaration import Table, columns

PLAYER_STATUSES = ("blacklisted", "watch", "reliable", "normal", "not_enough")
"""The statuses of a player, the flagged ones first. `not_enough`: too few bets to evaluate him."""

BLACKLISTED = "blacklisted"

PLAYER_ORDERS = ("status", "margin", "hit-rate", "bets", "bias", "variance")
"""The orders in which players are listed."""

VARIANCE_FLAGS = ("high", "high_for_volume", "normal", "not_enough")
"""How much a player's points vary. `high`: by the predecessor's rule; `high_for_volume`: more than similar players'."""

BIAS_FLAGS = ("superstar_underprediction", "underprediction", "overprediction", "normal", "not_enough")
"""Whether predictions of a player are biased, with false discoveries over all players bounded."""

_WRITTEN = (
    ("review_id", "STRING", "The transaction that wrote the row; an unchanged row is left alone."),
    ("lease_token", "INT64", "Its fencing token."),
    ("run_id", "STRING", "Run (Dagster's, or a terminal's) that wrote it."),
    ("computed_at", "TIMESTAMP", "When."),
)

PLAYER_RELIABILITY = Table(
    name="player_reliability",
    description="Per-player reliability as of the morning of game_date: season to date, games before the date.",
    partition_by="game_date",
    cluster_by=("player_lookup",),
    primary_key=("game_date", "player_lookup"),
    columns=columns(
        ("game_date", "DATE", "The date that the row is for. Games of this date or later do not count."),
        ("player_lookup", "STRING", "The player, by his canonical name."),
        ("season_first", "DATE", "First date that counts: 1 July."),
        ("last_game", "DATE", "The last date before game_date with a graded row of his."),
        ("bets", "INT64", "Decided bets of all enabled systems; pushes and passed predictions are not bets."),
        ("correct", "INT64", "Bets won."),
        ("push", "INT64", "Bets that met the line exactly."),
        ("passed", "INT64", "Predictions without a bet."),
        ("effective_bets", "FLOAT64", "The number of independent bets that they are worth (Rao and Scott 1992)."),
        ("hit_rate", "FLOAT64", "Correct / bets; NULL without bets."),
        ("hit_rate_low", "FLOAT64", "Lower end of its 95 % Wilson interval, at the effective number of bets."),
        ("hit_rate_high", "FLOAT64", "Its upper end."),
        ("margin_days", "INT64", "Dates with a bet (pushes too): the margin is over these."),
        ("margin", "FLOAT64", "Mean over dates of actual - line (UNDER: line - actual) of his bets, in points."),
        ("margin_low", "FLOAT64", "Lower end of its 95 % t interval over dates, in points; NULL: too few dates."),
        ("margin_high", "FLOAT64", "Its upper end, in points."),
        ("worse_p", "FLOAT64", "Probability of so low a margin if he is like all players; NULL: too few dates."),
        ("worse_q", "FLOAT64", "The smallest false discovery rate at which his margin is lower than that of all."),
        ("better_q", "FLOAT64", "The smallest false discovery rate at which his margin is higher than that of all."),
        ("edge_3_bets", "INT64", "Decided bets with |predicted - line| of at least 3 points."),
        ("edge_3_correct", "INT64", "Bets won among these."),
        ("edge_3_rate", "FLOAT64", "Their hit rate; NULL without such bets."),
        ("compared_days", "INT64", "Dates with a prediction and points: the bias is over these."),
        ("bias", "FLOAT64", "Mean predicted - actual points, over dates. Above 0: predicted too high."),
        ("bias_low", "FLOAT64", "Lower end of its 95 % t interval over dates; NULL below two dates."),
        ("bias_high", "FLOAT64", "Its upper end."),
        ("bias_q", "FLOAT64", "The smallest false discovery rate at which he is biased."),
        ("bias_flag", "STRING", f"One of {', '.join(BIAS_FLAGS)}."),
        ("mean_points_20", "FLOAT64", "Mean points of the last 20 games, or of at least 10: his volume."),
        ("points_sd_10", "FLOAT64", "Standard deviation of the points over the last 10 games; NULL with fewer."),
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
        (
            "variance_ratio",
            "FLOAT64",
            "points_sd_20 / peer_sd_20: above 1, he scatters more than players of his volume.",
        ),
        ("variance_q", "FLOAT64", "The smallest false discovery rate at which his points vary more than theirs."),
        ("variance_flag", "STRING", f"One of {', '.join(VARIANCE_FLAGS)}."),
        (
            "confidence_reduction",
            "FLOAT64",
            "If flagged: by how much such bets are overconfident, more than all others.",
        ),
        ("flagged_by", "STRING", "The policies whose rule is met on this date, separated by commas; NULL: none."),
        ("policy", "STRING", "The policy in use."),
        ("computed_status", "STRING", "The status that the policy gives, with its minimum hold."),
        ("status", "STRING", f"The override's status, else the computed one: {', '.join(PLAYER_STATUSES)}."),
        ("reason", "STRING", "Why."),
        ("since", "DATE", "First date of the status without interruption."),
        ("until", "DATE", "The status does not end before this date; NULL: no such date."),
        ("override_id", "STRING", "The override, in player_overrides; NULL: none."),
        *_WRITTEN,
    ),
)

POLICY_REVIEWS = Table(
    name="policy_reviews",
    description="Each policy out of sample: later bets on the players that it flagged, compared with all other bets.",
    partition_by="game_date",
    primary_key=("game_date", "policy"),
    columns=columns(
        ("game_date", "DATE", "The date that the row is for; bets on earlier dates of its season count."),
        ("policy", "STRING", "The policy."),
        ("acting", "BOOL", "Whether it is the policy in use."),
        ("players", "INT64", "Players with enough bets for the policy."),
        ("flagged_players", "INT64", "Players that it blacklists for this date."),
        ("ever_flagged", "INT64", "Players that it blacklisted on some date so far."),
        ("bets", "INT64", "Decided bets on players that were flagged before the bet."),
        ("correct", "INT64", "Bets won among these."),
        ("hit_rate", "FLOAT64", "Their share; NULL without bets."),
        ("hit_rate_low", "FLOAT64", "Lower end of its 95 % interval, clustered by date."),
        ("hit_rate_high", "FLOAT64", "Its upper end."),
        ("other_bets", "INT64", "All other decided bets."),
        ("other_correct", "INT64", "Bets won among these."),
        ("difference", "FLOAT64", "Hit rate while flagged - hit rate of all others; NULL: too few bets."),
        ("difference_low", "FLOAT64", "Lower end of its 95 % interval, clustered by date."),
        ("difference_high", "FLOAT64", "Its upper end."),
        ("verdict", "STRING", "worse, better, noise (the interval contains 0) or not_enough."),
        *_WRITTEN,
    ),
)

OVERRIDES = Table(
    name="player_overrides",
    description="Overrides of player statuses, with author and reason. Rows are only added.",
    primary_key=("override_id",),
    columns=columns(
        ("override_id", "STRING*", "The override."),
        ("player_lookup", "STRING*", "The player."),
        ("status", "STRING", "The status instead of the computed one; NULL: the computed one again."),
        ("first_date", "DATE*", "First game date that it is for."),
        ("last_date", "DATE", "Last one; NULL: no end."),
        ("author", "STRING*", "Who decided it."),
        ("reason", "STRING*", "Why."),
        ("lease_token", "INT64", "Fencing token of the transaction."),
        ("run_id", "STRING", "Run that wrote it."),
        ("created_at", "TIMESTAMP*", "When; for one date the latest override counts."),
    ),
)
