"""The tables of recalibration: every calibration that was ever proposed, and what became of it. Rows are only added."""

from __future__ import annotations

from nba_consolidation.schema.declaration import Table, columns

CALIBRATION_STATES = ("proposed", "active", "superseded", "rolled_back", "rejected")
"""What a version can be. Superseded is an event where its date was decided anew; else the next version makes it so."""

_WRITTEN = (
    ("lease_token", "INT64", "Fencing token of the transaction that wrote the row."),
    ("run_id", "STRING", "Run (Dagster's, or a terminal's) that it was part of."),
)

CALIBRATION_VERSIONS = Table(
    name="confidence_recalibration",
    description="Every calibration that was proposed: fitted on what, how, and what it was worth. Rows are only added.",
    cluster_by=("system_id",),
    primary_key=("version_id",),
    columns=columns(
        ("version_id", "STRING", "System, game date and a digest of what it is: the same bets give the same version."),
        ("system_id", "STRING", "The prediction system whose confidence it calibrates."),
        ("game_date", "DATE", "Fitted for this game date: on bets of earlier dates only."),
        ("scope", "STRING", "Whose bets it was fitted on: system, or pooled, of all systems, where it had too few."),
        ("first_date", "DATE", "First date of the data window."),
        ("last_date", "DATE", "Last date of it: the one before game_date."),
        ("bets", "INT64", "Decided bets that it was fitted on."),
        ("correct", "INT64", "Of these, won."),
        ("system_bets", "INT64", "Bets of the system itself in the window."),
        ("method", "STRING", "identity, multiplier, platt, beta or isotonic."),
        ("parameters", "STRING", "What was fitted, as a JSON object; of isotonic the steps, confidence: hit rate."),
        ("curve", "ARRAY<FLOAT64>", "What confidences 0, 0.01, ... 1 become; straight lines between. What is applied."),
        ("replaces", "STRING", "The version that was in force before; NULL: confidences as they came."),
        ("mean_shift", "FLOAT64", "Mean |new - old confidence| over the system's bets of the window."),
        ("is_major", "BOOL", "Whether that is so much that a person must approve it."),
        ("largest_gap", "FLOAT64", "Confidence - hit rate of the bucket that was furthest off, and not by chance."),
        ("judged_bets", "INT64", "Bets of walk-forward weeks that the scores are over: later than what was fitted on."),
        ("log_loss_before", "FLOAT64", "Mean log loss of confidences as they came; lower is better, as all scores."),
        ("log_loss_after", "FLOAT64", "Of this method, fitted on the weeks before each."),
        ("brier_before", "FLOAT64", "Brier score of confidences as they came."),
        ("brier_after", "FLOAT64", "Of this method."),
        ("ece_before", "FLOAT64", "Expected calibration error, ten bins, of confidences as they came."),
        ("ece_after", "FLOAT64", "Of this method."),
        ("code_version", "STRING", "Version of this package that fitted it."),
        *_WRITTEN,
        ("computed_at", "TIMESTAMP", "When."),
    ),
)

CALIBRATION_EVENTS = Table(
    name="confidence_recalibration_events",
    description="What happened to each calibration: a row for every change of its state. Rows are only added.",
    cluster_by=("system_id",),
    primary_key=("version_id", "number", "state"),
    columns=columns(
        ("version_id", "STRING", "The version."),
        ("system_id", "STRING", "Its system."),
        ("game_date", "DATE", "The game date that it was fitted for."),
        ("number", "INT64", "The how-manieth event of the system this is: of two on one date the later one counts."),
        ("state", "STRING", "proposed, active, superseded (its date was decided otherwise), rolled_back or rejected."),
        ("effective_date", "DATE", "From this game date on: an active version calibrates it and later ones."),
        ("reason", "STRING", "Why."),
        ("author", "STRING", "Who decided: a person, or NULL where the rules did."),
        *_WRITTEN,
        ("recorded_at", "TIMESTAMP", "When."),
    ),
)
