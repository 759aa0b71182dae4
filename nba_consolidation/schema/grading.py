"""The tables of grading: box scores, prediction_accuracy, its removed rows, its ledger, and names of players."""

from __future__ import annotations

from nba_consolidation.schema.declaration import Table, columns, removed_rows_of

ACCURACY_KEY = ("game_date", "game_id", "player_lookup", "system_id", "line_value")
"""The key of a graded prediction. NULL equals NULL."""

OUTCOMES = ("correct", "wrong", "push", "passed", "not_a_bet", "voided")
"""The outcomes of a graded prediction, exactly one each. A prediction without an outcome is waiting."""

BOX_SCORES = Table(
    name="player_game_summary",
    description="Box scores: one row per game and player who played in it. Another system's table: only read here.",
    partition_by="game_date",
    columns=columns(
        ("player_lookup", "STRING*", "The player."),
        ("game_id", "STRING*", "The game."),
        ("game_date", "DATE*", "Date of the game, America/New_York."),
        ("team_abbr", "STRING", "The player's team in this game."),
        ("opponent_team_abbr", "STRING", "The team it played against."),
        ("points", "INT64", "Points that he scored."),
        ("minutes_played", "NUMERIC(5, 1)", "Minutes that he played; 0 with 0 points did not play."),
        ("tip_off_at", "TIMESTAMP", "When the game began, where that is known."),
    ),
)

LAST_WRITTEN = columns(
    ("grading_id", "STRING", "The transaction that last wrote the row; NULL for rows of a grader without a fence."),
    ("lease_token", "INT64", "Its fencing token."),
    ("run_id", "STRING", "Run (Dagster's, or a terminal's) that it was part of."),
)

ACCURACY = Table(
    name="prediction_accuracy",
    description="Exactly one row per graded prediction: the prediction, the result, the outcome.",
    partition_by="game_date",
    cluster_by=("system_id", "player_lookup"),
    primary_key=ACCURACY_KEY,
    columns=columns(
        ("player_lookup", "STRING*", "The player."),
        ("game_id", "STRING*", "The game, as the prediction names it."),
        ("game_date", "DATE*", "Date of the game, America/New_York."),
        ("system_id", "STRING*", "The prediction system."),
        ("team_abbr", "STRING", "The player's team."),
        ("opponent_team_abbr", "STRING", "The team he played against."),
        ("predicted_points", "NUMERIC(5, 1)", "Predicted points."),
        ("confidence_score", "NUMERIC(9, 6)", "Confidence between 0 and 1."),
        ("confidence_decile", "INT64", "1 to 10: min(10, floor(10 x confidence) + 1)."),
        ("recommendation", "STRING", "OVER, UNDER, PASS, HOLD, NO_LINE or NO_PREDICTION."),
        ("line_value", "NUMERIC(5, 1)", "The line; part of the key; NULL without one."),
        ("referee_adjustment", "NUMERIC(5, 1)", "Points added for the referees."),
        ("pace_adjustment", "NUMERIC(5, 1)", "Points added for the pace of the game."),
        ("similarity_sample_size", "INT64", "How many similar games the system found."),
        ("actual_points", "INT64", "Points that the player scored; NULL if he has no box score."),
        ("minutes_played", "NUMERIC(5, 1)", "Minutes that he played."),
        ("absolute_error", "NUMERIC(5, 1)", "|predicted - actual| points; NULL if voided, like every comparison."),
        ("signed_error", "NUMERIC(5, 1)", "Predicted - actual points; above 0: predicted too high."),
        ("prediction_correct", "BOOL", "Whether the bet was won; NULL unless the outcome is correct or wrong."),
        ("predicted_margin", "NUMERIC(5, 1)", "Predicted points - line."),
        ("actual_margin", "NUMERIC(5, 1)", "Actual points - line."),
        ("within_3_points", "BOOL", "Whether the absolute error is at most 3."),
        ("within_5_points", "BOOL", "Whether the absolute error is at most 5."),
        ("has_prop_line", "BOOL", "Whether a bookmaker offered a line."),
        ("line_source", "STRING", "Where the line came from."),
        ("estimated_line_value", "NUMERIC(5, 1)", "A line that was estimated where none was offered."),
        ("is_actionable", "BOOL", "Whether the worker's filters let it through as a bet."),
        ("filter_reason", "STRING", "Which filter stopped it."),
        ("line_bookmaker", "STRING", "The bookmaker that offered the line."),
        ("line_source_api", "STRING", "The service that delivered the line."),
        ("is_voided", "BOOL", "Whether the bet does not count because the player did not play."),
        ("void_reason", "STRING", "dnp_injury_confirmed, dnp_late_scratch or dnp_unknown."),
        ("pre_game_injury_flag", "BOOL", "Whether he was on the injury report when the prediction was made."),
        ("pre_game_injury_status", "STRING", "His status on it then."),
        ("injury_confirmed_postgame", "BOOL", "Whether he was OUT or DOUBTFUL, and did not play."),
        ("feature_quality_score", "FLOAT64", "Quality of the input features, 0 to 100."),
        ("data_quality_tier", "STRING", "HIGH from 80, MEDIUM from 70, LOW below."),
        ("model_version", "STRING", "Version of the model."),
        ("graded_at", "TIMESTAMP", "When the row was last graded."),
        ("outcome", "STRING", "correct, wrong, push, passed (no bet), not_a_bet or voided."),
        ("outcome_reason", "STRING", "The reason for not_a_bet and voided."),
        ("prediction_id", "STRING", "Id of the prediction, as in player_prop_predictions."),
        ("box_score_game_id", "STRING", "The game's id in the box scores, if it is another one."),
    )
    + LAST_WRITTEN,
)

ACCURACY_REMOVED = removed_rows_of(
    ACCURACY,
    transaction_id="grading_id",
    reasons="duplicate, confidence_scale, regraded, not_active, withheld, waiting, not_gradeable or restored.",
)

PLAYER_ALIASES = Table(
    name="player_aliases",
    description="Decisions about the names of players in the box scores, with author and reason. Rows are only added.",
    primary_key=("alias_id",),
    columns=columns(
        ("alias_id", "STRING*", "The decision."),
        ("player_lookup", "STRING*", "The player as he is predicted."),
        ("player_key", "STRING*", "The same, folded; the last decision about it counts."),
        ("box_score_player", "STRING", "His name in the box scores; his own: they have him under it; NULL: removed."),
        ("box_score_key", "STRING", "The same, folded: the key of his box scores."),
        ("author", "STRING*", "Who decided it."),
        ("reason", "STRING*", "Why."),
        ("lease_token", "INT64", "Fencing token of the transaction."),
        ("run_id", "STRING", "Run that wrote it."),
        ("created_at", "TIMESTAMP*", "When."),
    ),
)

UNSETTLED_NAMES = Table(
    name="unsettled_names",
    description="Predicted players who wait: a box score of their game has a similar name and matches no prediction.",
    partition_by="game_date",
    columns=columns(
        ("game_date", "DATE", "Date of the game."),
        ("game_id", "STRING", "The game, as the prediction names it."),
        ("player_lookup", "STRING", "The player as he is predicted."),
        ("box_score_player", "STRING", "The similar name in the box scores."),
        ("predictions", "INT64", "Predictions that wait."),
        ("lease_token", "INT64", "Fencing token of the grading."),
        ("run_id", "STRING", "Run that graded the date."),
        ("found_at", "TIMESTAMP", "When."),
    ),
)

GRADING_LEDGER = Table(
    name="grading_ledger",
    description="One row per game date and transaction that wrote prediction_accuracy: predictions by outcome.",
    partition_by="game_date",
    columns=columns(
        ("game_date", "DATE", "The game date."),
        ("grading_id", "STRING", "The transaction."),
        ("kind", "STRING", "grading, repair or restore."),
        ("run_id", "STRING", "Run that did it."),
        ("restored_run_id", "STRING", "Of a restore: the run that it undid."),
        ("holder_id", "STRING", "Who held the lease."),
        ("lease_token", "INT64", "Its fencing token."),
        ("active", "INT64", "Validated predictions of the date: the sum of the seven below."),
        ("correct", "INT64", "Bets won."),
        ("wrong", "INT64", "Bets lost."),
        ("push", "INT64", "Bets that met the line exactly."),
        ("passed", "INT64", "Predictions without a bet."),
        (
            "not_a_bet",
            "INT64",
            "No line of a real book, made after tip-off, or the same game or player under another id or name.",
        ),
        ("voided", "INT64", "The player did not play."),
        ("waiting", "INT64", "Not graded yet: no usable box score."),
        ("inserted", "INT64", "Rows that are new in prediction_accuracy."),
        ("updated", "INT64", "Rows that were graded again."),
        ("unchanged", "INT64", "Rows that did not change."),
        ("removed", "INT64", "Rows that were removed; they are in prediction_accuracy_removed."),
        ("total_rows", "INT64", "Rows of the date after the transaction."),
        ("recorded_at", "TIMESTAMP", "When."),
    ),
)
