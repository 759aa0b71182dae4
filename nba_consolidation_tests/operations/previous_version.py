"""validated_predictions as the previous version declared it: consumers read it, so it had calibrations and filters."""

from __future__ import annotations

from nba_consolidation.schema import ACTIVATION_KEY, ALL_TABLES, PUBLISHED, VALIDATED, Table
from nba_consolidation.schema.declaration import columns

VALIDATED_BEFORE = Table(
    name="validated_predictions",
    description="What consumers read: active, not invalidated, confidence between 0 and 1, with the edge.",
    partition_by="game_date",
    cluster_by=("system_id", "player_lookup"),
    primary_key=ACTIVATION_KEY,
    columns=columns(
        ("prediction_id", "STRING", "Id of the prediction, as in player_prop_predictions."),
        ("prediction_version", "INT64", "Its version."),
        ("game_date", "DATE", "Date of the game, America/New_York."),
        ("game_id", "STRING", "The game: YYYYMMDD_AWAY_HOME."),
        ("player_lookup", "STRING", "The player."),
        ("team_abbr", "STRING", "The player's team."),
        ("opponent_team_abbr", "STRING", "The team he plays against."),
        ("system_id", "STRING", "The prediction system."),
        ("model_version", "STRING", "Version of its model."),
        ("predicted_points", "NUMERIC(5, 1)", "Predicted points."),
        ("current_points_line", "NUMERIC(4, 1)", "The line; NULL without one."),
        ("edge", "NUMERIC(5, 1)", "Predicted points minus the line; NULL without a line."),
        ("recommendation", "STRING", "OVER, UNDER, PASS, HOLD, NO_LINE or NO_PREDICTION."),
        ("confidence", "NUMERIC(9, 6)", "Confidence between 0 and 1."),
        ("confidence_scale", "STRING", "What the stored confidence was in: fraction (0..1) or percent (0..100)."),
        ("calibrated_confidence", "NUMERIC(9, 6)", "As its calibration has it; the confidence itself without one."),
        ("calibration_version", "STRING", "The calibration of the system in force on that date; NULL: none."),
        ("has_prop_line", "BOOL", "Whether a bookmaker offered a line."),
        ("line_source", "STRING", "Where the line came from."),
        ("line_source_api", "STRING", "The service that delivered the line."),
        ("sportsbook", "STRING", "The bookmaker."),
        ("estimated_line_value", "NUMERIC(4, 1)", "A line that was estimated where none was offered."),
        ("is_actionable", "BOOL", "Whether it may be bet on: FALSE if a filter stops it, else what the worker said."),
        ("filter_reason", "STRING", "The filters that stopped it, the worker's own first, with a comma between."),
        ("player_status", "STRING", "The player's status, as in player_reliability; NULL: not known."),
        ("variance_flag", "STRING", "How his points scatter, as in player_reliability; NULL: not known."),
        ("injury_status_at_prediction", "STRING", "OUT, DOUBTFUL, QUESTIONABLE or PROBABLE when it was made."),
        ("injury_flag_at_prediction", "BOOL", "Whether the player was on the injury report when it was made."),
        ("prediction_made_before_game", "BOOL", "Whether it was made before tip-off."),
        ("feature_quality_score", "FLOAT64", "Quality of the input features, 0 to 100."),
        ("pace_adjustment", "NUMERIC(5, 2)", "Points added for the pace of the game."),
        ("referee_adjustment", "NUMERIC(5, 2)", "Points added for the referees."),
        ("similar_games_count", "INT64", "How many similar games the system found."),
        ("version_created_at", "TIMESTAMP", "When these values were made by their worker."),
        ("validated_at", "TIMESTAMP", "When this row was written."),
        ("lease_token", "INT64", "Fencing token of the validation."),
        ("run_id", "STRING", "Run that validated it."),
    ),
)

TABLES_BEFORE = (VALIDATED_BEFORE, *(table for table in ALL_TABLES if table not in (VALIDATED, PUBLISHED)))
