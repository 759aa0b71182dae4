"""The tables of recalibration: every proposed calibration, and its changes of state. Rows are only added."""

from __future__ import annotations

from nba_consolidation.schema.declaration import Table, columns

CALIBRATION_STATES = ("proposed", "active", "superseded", "rolled_back", "rejected")
"""The states of a version. It is superseded by an event if its date was decided again, else by the next version."""

_WRITTEN = (
    ("lease_token", "INT64", "Fencing token of the transaction that wrote the row."),
    ("run_id", "STRING", "Run (Dagster's, or a terminal's) that it was part of."),
)

CALIBRATION_VERSIONS = Table(
    name="confidence_recalibration",
    description="Every proposed calibration: the bets it was fitted to, the method, its scores. Rows are only added.",
    cluster_by=("system_id",),
    primary_key=("version_id",),
    columns=columns(
        ("version_id", "STRING", "System, game date and a digest: the same bets always give the same version."),
        ("system_id", "STRING", "The prediction system whose confidence it calibrates."),
        ("game_date", "DATE", "Fitted for this game date: on bets of earlier dates only."),
        ("scope", "STRING", "The bets it was fitted to: system, or pooled (of all systems) if its own were too few."),
        ("first_date", "DATE", "First date of the data window."),
        ("last_date", "DATE", "Last date of it: the one before game_date."),
        ("bets", "INT64", "Decided bets that it was fitted to."),
        ("correct", "INT64", "Bets won among these."),
        ("system_bets", "INT64", "Bets of the system itself in the window."),
        (
            "method",
            "STRING",
            "identity, temperature, platt, beta or isotonic; multiplier in versions of earlier releases.",
        ),
        (
            "parameters",
            "STRING",
            "The fitted parameters as a JSON object; for isotonic the steps, confidence: hit rate.",
        ),
        (
            "curve",
            "ARRAY<FLOAT64>",
            "Calibrated values of 0, 0.01, ... 1, with straight lines between: the curve that is applied.",
        ),
        ("replaces", "STRING", "The version that was in force before; NULL: none."),
        ("mean_shift", "FLOAT64", "Mean |new - old confidence| over the system's bets of the window."),
        ("is_major", "BOOL", "Whether the mean shift is so large that a person must approve it."),
        ("largest_gap", "FLOAT64", "Mean confidence - hit rate of the bucket with the largest gap beyond chance."),
        ("judged_bets", "INT64", "Bets of the walk-forward weeks that the scores are computed from."),
        ("log_loss_before", "FLOAT64", "Mean log loss without calibration; lower is better for all scores."),
        ("log_loss_after", "FLOAT64", "Mean log loss of this method, fitted to the weeks before each week."),
        ("log_loss_constant", "FLOAT64", "Mean log loss of a constant, the hit rate of the weeks before each week."),
        ("brier_before", "FLOAT64", "Brier score without calibration."),
        ("brier_after", "FLOAT64", "Brier score of this method."),
        ("ece_before", "FLOAT64", "Expected calibration error (ten bins) without calibration."),
        ("ece_after", "FLOAT64", "Expected calibration error of this method."),
        (
            "ece_noise_before",
            "FLOAT64",
            "Mean error of perfectly calibrated forecasts on as many bets and dates: the noise floor of ece_before.",
        ),
        ("ece_noise_high_before", "FLOAT64", "The error that 5 % of them exceed: a larger one is more than chance."),
        ("ece_noise_after", "FLOAT64", "The same for ece_after."),
        ("ece_noise_high_after", "FLOAT64", "The same for ece_after."),
        (
            "is_informative",
            "BOOL",
            "Whether any candidate beats the constant and 0.5 beyond chance; if not, the confidence says nothing.",
        ),
        ("code_version", "STRING", "Version of this package that fitted it."),
        *_WRITTEN,
        ("computed_at", "TIMESTAMP", "When."),
    ),
)

CALIBRATION_EVENTS = Table(
    name="confidence_recalibration_events",
    description="The changes of state of each calibration. Rows are only added.",
    cluster_by=("system_id",),
    primary_key=("version_id", "number", "state"),
    columns=columns(
        ("version_id", "STRING", "The version."),
        ("system_id", "STRING", "Its system."),
        ("game_date", "DATE", "The game date that it was fitted for."),
        ("number", "INT64", "Number of the event among those of its system; the larger one of a date counts."),
        ("state", "STRING", "proposed, active, superseded (its date was decided again), rolled_back or rejected."),
        (
            "effective_date",
            "DATE",
            "The first game date that the state is for; an active version calibrates it and later.",
        ),
        ("reason", "STRING", "Why."),
        ("author", "STRING", "The person who decided; NULL: the rules."),
        *_WRITTEN,
        ("recorded_at", "TIMESTAMP", "When."),
    ),
)
