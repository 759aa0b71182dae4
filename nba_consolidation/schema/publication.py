"""The usable predictions: validated_predictions, for grading, and published_predictions, for consumers."""

from __future__ import annotations

from nba_consolidation.schema.declaration import Table, columns
from nba_consolidation.schema.predictions import ACTIVATION_KEY

FILTERS = ("no_bet_wanted", "no_line", "made_after_tip_off", "blacklisted_player")
"""The filters that publication applies. The worker's own reason comes first; `worker` if it has none."""

_PREDICTION = columns(
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
    ("confidence_scale", "STRING", "The scale of the stored confidence: fraction (0..1) or percent (0..100)."),
    ("has_prop_line", "BOOL", "Whether a bookmaker offered a line."),
    ("line_source", "STRING", "Where the line came from."),
    ("line_source_api", "STRING", "The service that delivered the line."),
    ("sportsbook", "STRING", "The bookmaker."),
    ("estimated_line_value", "NUMERIC(4, 1)", "A line that was estimated where none was offered."),
    ("injury_status_at_prediction", "STRING", "OUT, DOUBTFUL, QUESTIONABLE or PROBABLE when it was made."),
    ("injury_flag_at_prediction", "BOOL", "Whether the player was on the injury report when it was made."),
    ("prediction_made_before_game", "BOOL", "Whether it was made before tip-off."),
    ("feature_quality_score", "FLOAT64", "Quality of the input features, 0 to 100."),
    ("pace_adjustment", "NUMERIC(5, 2)", "Points added for the pace of the game."),
    ("referee_adjustment", "NUMERIC(5, 2)", "Points added for the referees."),
    ("similar_games_count", "INT64", "How many similar games the system found."),
    ("version_created_at", "TIMESTAMP", "When the worker made these values."),
    ("validated_at", "TIMESTAMP", "When the prediction was validated."),
)

VALIDATED = Table(
    name="validated_predictions",
    description="The usable rows of player_prop_predictions: active, not invalidated, confidence between 0 and 1.",
    partition_by="game_date",
    cluster_by=("system_id", "player_lookup"),
    primary_key=ACTIVATION_KEY,
    columns=_PREDICTION
    + columns(
        ("is_actionable", "BOOL", "Whether the worker's filters let it through as a bet, as the worker staged it."),
        ("filter_reason", "STRING", "Which of the worker's filters stopped it, as the worker staged it."),
        ("lease_token", "INT64", "Fencing token of the validation."),
        ("run_id", "STRING", "Run that validated it."),
    ),
)

WITHHELD = Table(
    name="withheld_predictions",
    description="Active predictions that are not validated: their confidence is not on the scale of their group.",
    partition_by="game_date",
    primary_key=ACTIVATION_KEY,
    columns=columns(
        ("game_date", "DATE", "Date of the game, America/New_York."),
        ("game_id", "STRING", "The game."),
        ("player_lookup", "STRING", "The player."),
        ("system_id", "STRING", "The prediction system."),
        ("current_points_line", "NUMERIC(4, 1)", "The line; NULL without one."),
        ("prediction_id", "STRING", "Id of the prediction, as in player_prop_predictions."),
        ("batch_id", "STRING", "Its batch: system, game date and batch are the group."),
        ("confidence_score", "NUMERIC(7, 4)", "Its confidence, as stored."),
        ("reason", "STRING", "The scale that it does not fit."),
        ("withheld_at", "TIMESTAMP", "When the date was validated."),
        ("lease_token", "INT64", "Fencing token of the validation."),
        ("run_id", "STRING", "Run that validated the date."),
    ),
)

PUBLISHED = Table(
    name="published_predictions",
    description="What consumers read: each validated prediction with its calibrated confidence, and whether to bet.",
    partition_by="game_date",
    cluster_by=("system_id", "player_lookup"),
    primary_key=ACTIVATION_KEY,
    columns=_PREDICTION
    + columns(
        ("calibrated_confidence", "NUMERIC(9, 6)", "The calibrated confidence; the confidence if there is none."),
        ("calibration_version", "STRING", "The calibration that was in force for its system; NULL: none."),
        ("is_actionable", "BOOL", "Whether to bet on it: FALSE if a filter stops it, else as the worker staged it."),
        ("filter_reason", "STRING", "The filters that stop it, separated by commas; the worker's own come first."),
        ("player_status", "STRING", "The player's status, as in player_reliability; NULL: not known."),
        ("variance_flag", "STRING", "How the player's points scatter, as in player_reliability; NULL: not known."),
        ("published_at", "TIMESTAMP", "When this row was published."),
        ("lease_token", "INT64", "Fencing token of the publication."),
        ("run_id", "STRING", "Run that published it."),
    ),
)
