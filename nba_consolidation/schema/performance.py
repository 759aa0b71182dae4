"""The tables of performance: hit rates, errors and calibration of each system. Counted from graded rows."""

from __future__ import annotations

from nba_consolidation.schema.declaration import Table, columns

ALL_SYSTEMS = "ALL"
"""The system_id of the rows that are about all systems together."""

TIME_WINDOWS = ("day", "7d", "30d", "season")
"""What a row sums up, ending with its game_date. A season is 1 July to 30 June: every NBA season lies between."""

SLICES = ("all", "confidence", "edge")
"""How the graded rows of a window are divided. The buckets of a slice add up to `all`."""

_WINDOW = (
    ("game_date", "DATE", "Last date of the window, which the row is about."),
    ("system_id", "STRING", f"The prediction system; {ALL_SYSTEMS} for all of them together."),
    (
        "time_window",
        "STRING",
        "day, 7d, 30d (calendar days of one season) or season (since 1 July); ends with game_date.",
    ),
    ("first_date", "DATE", "First date of the window."),
)
_HIT_RATE = (
    ("hit_rate", "FLOAT64", "Correct / bets; NULL without bets."),
    ("hit_rate_low", "FLOAT64", "Lower end of its 95 % interval by game date; of a single date, Wilson's."),
    ("hit_rate_high", "FLOAT64", "Upper end of it."),
)
_WRITTEN = (
    ("performance_id", "STRING", "The transaction that wrote the row; an unchanged row is left alone."),
    ("lease_token", "INT64", "Its fencing token."),
    ("run_id", "STRING", "Run (Dagster's, or a terminal's) that wrote it."),
    ("computed_at", "TIMESTAMP", "When."),
)

SYSTEM_PERFORMANCE = Table(
    name="system_performance",
    description="How good each system is: by game date, window of time, and bucket of confidence or edge.",
    partition_by="game_date",
    cluster_by=("system_id", "time_window"),
    primary_key=("game_date", "time_window", "system_id", "sliced_by", "bucket"),
    columns=columns(
        *_WINDOW,
        ("sliced_by", "STRING", "all (one row), confidence or edge (a row for each bucket that has graded rows)."),
        (
            "bucket",
            "INT64",
            "Which bucket: 1 to 10 of confidence, 1 to 5 of edge; 0 for all, and for rows in no bucket.",
        ),
        ("bucket_label", "STRING", "The bucket, for people."),
        ("lower_bound", "FLOAT64", "The bucket begins here, included: confidence, or |predicted - line| in points."),
        ("upper_bound", "FLOAT64", "And ends here, not included (a confidence of 1 is in the last); NULL: no end."),
        ("graded", "INT64", "Graded rows: the sum of correct, wrong, push, passed, not_a_bet and voided."),
        ("bets", "INT64", "Decided bets, correct + wrong: the denominator of the hit rate and of both ROI."),
        ("correct", "INT64", "Bets won."),
        ("wrong", "INT64", "Bets lost."),
        ("push", "INT64", "Bets that met the line exactly: the stake was returned."),
        ("passed", "INT64", "Predictions without a bet."),
        ("not_a_bet", "INT64", "No line of a real book, or made after tip-off."),
        ("voided", "INT64", "The player did not play."),
        *_HIT_RATE,
        ("compared", "INT64", "Rows with actual points that are not voided: the denominator of mae and bias."),
        ("mae", "FLOAT64", "Mean of |predicted - actual| points."),
        ("bias", "FLOAT64", "Mean of predicted - actual points: above 0, too much is predicted."),
        ("roi_110", "FLOAT64", "Units won per unit staked at odds of -110; a push stakes nothing."),
        ("roi", "FLOAT64", "The same at the odds of the next column."),
        ("odds", "INT64", "American odds that were set, -110 or +105 for instance."),
        *_WRITTEN,
    ),
)

CONFIDENCE_CALIBRATION = Table(
    name="confidence_calibration",
    description="The reliability table: how often the bets of each bin of confidence were right.",
    partition_by="game_date",
    cluster_by=("system_id", "time_window"),
    primary_key=("game_date", "time_window", "system_id", "bin"),
    columns=columns(
        *_WINDOW,
        ("bin", "INT64", "1 to 10, each a tenth wide; a bin without bets has no row."),
        ("lower_bound", "FLOAT64", "The bin begins here, included."),
        ("upper_bound", "FLOAT64", "And ends here, not included; a confidence of 1 is in the last."),
        ("bets", "INT64", "Bets that were decided."),
        ("correct", "INT64", "Bets won."),
        ("mean_confidence", "FLOAT64", "What was promised, on average."),
        *_HIT_RATE,
        *_WRITTEN,
    ),
)

CALIBRATION_SCORES = Table(
    name="calibration_scores",
    description="What a system's confidence is worth, in one row per window; the bins are in confidence_calibration.",
    partition_by="game_date",
    cluster_by=("system_id", "time_window"),
    primary_key=("game_date", "time_window", "system_id"),
    columns=columns(
        *_WINDOW,
        ("bets", "INT64", "Decided bets with a confidence between 0 and 1: the denominator of all columns."),
        ("without_confidence", "INT64", "Bets that were decided and have none: left out here."),
        ("correct", "INT64", "Bets won."),
        ("mean_confidence", "FLOAT64", "What was promised, on average; NULL without bets, as the rest."),
        *_HIT_RATE,
        ("ece", "FLOAT64", "Expected calibration error: |mean confidence - hit rate| of the ten bins, by their bets."),
        (
            "ece_noise",
            "FLOAT64",
            "Mean error of perfectly calibrated forecasts on as many bets and dates: the noise floor of ece.",
        ),
        ("ece_noise_high", "FLOAT64", "The error that 5 % of them exceed: a larger one is more than chance."),
        ("brier", "FLOAT64", "Mean square of confidence - (1 if won, else 0): 0.25 for a constant 0.5."),
        (
            "log_loss",
            "FLOAT64",
            "Mean -log of the probability of the actual result, clipped to 0.0005: 0.693 for a constant 0.5.",
        ),
        ("log_loss_constant", "FLOAT64", "That of a constant, the hit rate of the same bets."),
        *_WRITTEN,
    ),
)
