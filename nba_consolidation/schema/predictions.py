"""The tables that consolidation writes, and the business key. No SQL text and no client library here."""

from __future__ import annotations

from nba_consolidation.schema.declaration import Table, columns, removed_rows_of

BUSINESS_KEY = ("game_date", "game_id", "player_lookup", "system_id", "current_points_line")
"""What makes a prediction one prediction. The line is exact, and NULL equals NULL."""

ACTIVATION_KEY = ("game_date", "game_id", "player_lookup", "system_id")
"""Of these, exactly the newest version is active: the business key without the line."""

CONFIDENCE_SCALES = ("fraction", "percent")
"""What a system's confidence can be in: 0..1 or 0..100."""

SET_BY_CONSOLIDATION = ("prediction_version", "is_active", "superseded_by", "updated_at")
"""Core columns that the consolidation sets: staged values are ignored."""

LINEAGE = columns(
    ("version_created_at", "TIMESTAMP", "When the worker made the version of the current values."),
    ("version_prediction_id", "STRING", "The id that the worker gave that version."),
    ("staging_table", "STRING", "The staging table of the current values."),
    ("batch_id", "STRING", "The batch part of that staging table's name."),
    ("lease_token", "INT64", "Fencing token of the consolidation that wrote the values."),
    ("run_id", "STRING", "Run (Dagster's, or a terminal's) that wrote the values."),
    (
        "consolidation_id",
        "STRING",
        "The transaction that wrote them, of consolidation_ledger or prediction_repairs.",
    ),
)

PREDICTIONS = Table(
    name="player_prop_predictions",
    description="Exactly one row per business key, consolidated from the staging tables of a game date.",
    partition_by="game_date",
    cluster_by=("system_id", "player_lookup"),
    primary_key=BUSINESS_KEY,
    columns=columns(
        ("prediction_id", "STRING*", "Id of the version consolidated first; stable from then on."),
        ("system_id", "STRING*", "The prediction system (model) that made it."),
        ("player_lookup", "STRING*", "The player: lower-case ASCII letters and digits."),
        ("game_date", "DATE*", "Date of the game, America/New_York."),
        ("game_id", "STRING*", "The game: YYYYMMDD_AWAY_HOME."),
        ("prediction_version", "INT64", "1 for the first version of the business key, one more for each later one."),
        ("predicted_points", "NUMERIC(5, 1)*", "Predicted points, 0 to 80."),
        ("confidence_score", "NUMERIC(7, 4)*", "The system's confidence, in the system's own scale: 0..1 or 0..100."),
        ("recommendation", "STRING*", "OVER, UNDER, PASS, HOLD, NO_LINE or NO_PREDICTION."),
        ("has_prop_line", "BOOL", "Whether a bookmaker offered a line."),
        ("current_points_line", "NUMERIC(4, 1)", "The line, on the half point; part of the key; NULL without one."),
        ("line_margin", "NUMERIC(5, 2)", "Predicted points minus the line, as the worker computed it."),
        ("line_source", "STRING", "Where the line came from, ACTUAL_PROP for instance."),
        ("line_source_api", "STRING", "The service that delivered the line."),
        ("sportsbook", "STRING", "The bookmaker that offered the line."),
        ("estimated_line_value", "NUMERIC(4, 1)", "A line that was estimated where none was offered."),
        ("estimation_method", "STRING", "How the line was estimated."),
        ("was_line_fallback", "BOOL", "Whether the line came from a second-choice source."),
        ("model_version", "STRING", "Version of the model."),
        ("prediction_run_mode", "STRING", "Why the worker ran: early, overnight, regeneration and the like."),
        ("is_active", "BOOL", "Whether this is the newest version for its game, player and system, and valid."),
        ("is_actionable", "BOOL", "Whether the worker's filters let it through as a bet."),
        ("filter_reason", "STRING", "Which filter stopped it, where one did."),
        ("superseded_by", "STRING", "prediction_id of the newer active version, with another line."),
        ("invalidation_reason", "STRING", "Why it was invalidated."),
        ("invalidated_at", "TIMESTAMP", "When it was invalidated; an invalidated row is never active."),
        ("injury_status_at_prediction", "STRING", "OUT, DOUBTFUL, QUESTIONABLE or PROBABLE when it was made."),
        ("injury_flag_at_prediction", "BOOL", "Whether the player was on the injury report when it was made."),
        ("injury_reason_at_prediction", "STRING", "The text of the injury report when it was made."),
        ("injury_checked_at", "TIMESTAMP", "When the injury report was read."),
        ("prediction_made_before_game", "BOOL", "Whether it was made before tip-off."),
        ("feature_quality_score", "FLOAT64", "Quality of the input features, 0 to 100."),
        ("pace_adjustment", "NUMERIC(5, 2)", "Points added for the pace of the game."),
        ("referee_adjustment", "NUMERIC(5, 2)", "Points added for the referees."),
        ("similar_games_count", "INT64", "How many similar games the system found."),
        ("universal_player_id", "STRING", "The player's id across sources."),
        ("team_abbr", "STRING", "The player's team."),
        ("opponent_team_abbr", "STRING", "The team he plays against."),
        ("predicted_at", "TIMESTAMP", "When the model was run."),
        ("created_at", "TIMESTAMP*", "When the version consolidated first was made; stable from then on."),
        ("updated_at", "TIMESTAMP", "When a consolidation last wrote the row's values."),
    )
    + LINEAGE,
)

PREDICTIONS_REMOVED = removed_rows_of(
    PREDICTIONS, transaction_id="consolidation_id", reasons="duplicate, spelling, activation or restored."
)

PREDICTION_REPAIRS = Table(
    name="prediction_repairs",
    description="One row per game date and repair (or restore) of player_prop_predictions: the numbers of rows.",
    partition_by="game_date",
    columns=columns(
        ("game_date", "DATE", "The game date."),
        ("consolidation_id", "STRING", "The transaction; the rows that it changed have it too."),
        ("kind", "STRING", "repair or restore."),
        ("run_id", "STRING", "Run that did it."),
        ("restored_run_id", "STRING", "Of a restore: the run that it undid."),
        ("holder_id", "STRING", "Who held the lease."),
        ("lease_token", "INT64", "Its fencing token."),
        ("inserted", "INT64", "Rows that a restore put back."),
        ("updated", "INT64", "Rows that a repair changed."),
        ("unchanged", "INT64", "Rows that did not change."),
        ("removed", "INT64", "Rows that were removed; they are in player_prop_predictions_removed."),
        ("total_rows", "INT64", "Rows of the date after the transaction."),
        ("active_rows", "INT64", "Active ones among them."),
        ("recorded_at", "TIMESTAMP", "When."),
    ),
)

QUARANTINED = Table(
    name="quarantined_predictions",
    description="Staged rows that broke a row rule, as they were staged, each with the rule and the reason.",
    partition_by="game_date",
    columns=columns(
        ("game_date", "DATE", "The game date whose consolidation quarantined the row."),
        ("staging_table", "STRING", "The staging table that held it."),
        ("staging_row", "INT64", "Its position in that table, from 0."),
        ("column_name", "STRING", "The column that broke the rule."),
        ("rule", "STRING", "The rule, by its short name."),
        ("reason", "STRING", "Why the row broke the rule, in words."),
        ("original_row", "STRING", "The row as it was staged, as JSON."),
        ("quarantined_at", "TIMESTAMP", "When it was quarantined."),
        ("lease_token", "INT64", "Fencing token of that consolidation."),
        ("run_id", "STRING", "Run that did it."),
        ("consolidation_id", "STRING", "The transaction that did it."),
    ),
)

LOST_VERSIONS = Table(
    name="lost_versions",
    description="Versions of a business key that are not current: the source of each, and how it lost.",
    partition_by="game_date",
    columns=columns(
        ("game_date", "DATE", "Date of the game."),
        ("game_id", "STRING", "The game."),
        ("player_lookup", "STRING", "The player."),
        ("system_id", "STRING", "The prediction system."),
        ("current_points_line", "NUMERIC(4, 1)", "The line."),
        ("prediction_id", "STRING", "The id that the worker gave the version."),
        ("created_at", "TIMESTAMP", "When its worker made it."),
        ("staging_table", "STRING", "The staging table of the version."),
        ("outcome", "STRING", "superseded (in its own consolidation), stale (older than the current row) or replaced."),
        ("lost_at", "TIMESTAMP", "When."),
        ("lease_token", "INT64", "Fencing token of that consolidation."),
        ("run_id", "STRING", "Run that did it."),
        ("consolidation_id", "STRING", "The transaction that did it."),
    ),
)

FENCES = Table(
    name="consolidation_fences",
    description="One row per lease key: the largest token that ever wrote. A smaller token cannot commit.",
    columns=columns(
        ("lease_key", "STRING", "The lease that guards the date."),
        ("game_date", "DATE", "The game date."),
        ("token", "INT64", "The largest fencing token seen."),
        ("holder_id", "STRING", "Who held that lease."),
        ("run_id", "STRING", "The run it held it for."),
        ("updated_at", "TIMESTAMP", "When the fence last moved."),
    ),
)

LEDGER = Table(
    name="consolidation_ledger",
    description="One row per consolidated game date and transaction: the numbers of rows by outcome.",
    partition_by="game_date",
    columns=columns(
        ("game_date", "DATE", "The game date."),
        ("consolidation_id", "STRING", "The transaction."),
        ("run_id", "STRING", "Run that did it."),
        ("holder_id", "STRING", "Who held the lease."),
        ("lease_token", "INT64", "Its fencing token."),
        ("staging_tables", "INT64", "Staging tables merged."),
        ("staged", "INT64", "Rows read from them: the sum of the five below."),
        ("inserted", "INT64", "Rows with a new business key."),
        ("updated", "INT64", "Rows that replaced an older version."),
        ("stale", "INT64", "Rows that were not newer than the current row."),
        ("superseded", "INT64", "Rows that lost to a newer row of the same key in the same consolidation."),
        ("quarantined", "INT64", "Rows that broke a row rule."),
        ("total_rows", "INT64", "Rows of the date after the transaction."),
        ("active_rows", "INT64", "Active ones among them."),
        ("consolidated_at", "TIMESTAMP", "When."),
    ),
)

LEDGER_TABLES = Table(
    name="consolidation_ledger_tables",
    description="One row per staging table and game date that a consolidation merged.",
    partition_by="game_date",
    columns=columns(
        ("game_date", "DATE", "The game date."),
        ("staging_table", "STRING", "The staging table."),
        ("fingerprint", "STRING", "The state of the table that was merged; another state is merged again."),
        ("staged", "INT64", "Rows read from it for the date."),
        ("consolidation_id", "STRING", "The transaction."),
        ("run_id", "STRING", "Run that did it."),
        ("lease_token", "INT64", "Its fencing token."),
        ("consolidated_at", "TIMESTAMP", "When."),
    ),
)

CLEANUPS = Table(
    name="staging_cleanups",
    description="One row per old staging table that a clean-up dropped or archived.",
    columns=columns(
        ("staging_table", "STRING", "The staging table."),
        ("fingerprint", "STRING", "The state of the table."),
        ("batch_id", "STRING", "The batch part of its name."),
        ("worker_id", "STRING", "The worker part of its name."),
        ("kind", "STRING", "consolidated, empty, never_consolidated or refused."),
        ("action", "STRING", "dropped, or archived: no longer listed, with every row kept."),
        ("archived_to", "STRING", "The archived copy."),
        ("staged", "INT64", "Rows in it."),
        ("first_date", "DATE", "Its first game date."),
        ("last_date", "DATE", "Its last game date."),
        ("modified_at", "TIMESTAMP", "When it was last written."),
        ("age_days", "FLOAT64", "Days since then."),
        ("run_id", "STRING", "Run (Dagster's, or a terminal's) that did it."),
        ("cleaned_at", "TIMESTAMP", "When."),
    ),
)
