"""The views that an analyst starts from. The SELECT of each is the statement of its name in `warehouse/sql`."""

from __future__ import annotations

from nba_consolidation.schema.declaration import Column, Table, columns
from nba_consolidation.schema.grading import ACCURACY
from nba_consolidation.schema.performance import CALIBRATION_SCORES, CONFIDENCE_CALIBRATION, SYSTEM_PERFORMANCE
from nba_consolidation.schema.publication import PUBLISHED


def _same(table: Table, *names: str) -> tuple[Column, ...]:
    """Columns that the view takes from the table as they are."""
    taken = (table.column(name) for name in names)
    return tuple(Column(column.name, column.type, column.description) for column in taken)


BETS = Table(
    name="bets",
    description="Every graded bet: won, lost, or a push. As predicted, as published, and how it ended.",
    columns=_same(
        ACCURACY,
        *("game_date", "game_id", "player_lookup", "team_abbr", "opponent_team_abbr", "system_id", "model_version"),
        *("recommendation", "line_value", "line_bookmaker", "predicted_points"),
    )
    + columns(
        ("edge", "NUMERIC(5, 1)", "Predicted points minus the line."),
        ("confidence", "NUMERIC(9, 6)", "Confidence between 0 and 1, as stated."),
        ("calibrated_confidence", "NUMERIC(9, 6)", "As published; NULL if this prediction is not published."),
    )
    + _same(PUBLISHED, "is_actionable", "filter_reason")
    + _same(ACCURACY, "actual_points", "minutes_played")
    + columns(
        ("outcome", "STRING", "correct, wrong or push."),
        ("won", "BOOL", "NULL for a push, so the hit rate is the mean of this column as a number."),
        ("units_won", "FLOAT64", "Of one unit staked at odds of -110: 0.909 won, -1 lost, 0 for a push."),
    ),
)

HIT_RATES_BY_SYSTEM = Table(
    name="hit_rates_by_system",
    description="How good each system is: its bets in each window of time that ends with the last analysed date.",
    columns=_same(
        SYSTEM_PERFORMANCE,
        *("game_date", "system_id", "time_window", "first_date", "bets", "correct", "wrong", "push"),
        *("hit_rate", "hit_rate_low", "hit_rate_high", "roi_110", "mae", "bias"),
    ),
)

CALIBRATION_LATEST = Table(
    name="calibration_latest",
    description="What each bin of confidence promised and kept, in each window that ends with the last analysed date.",
    columns=_same(
        CONFIDENCE_CALIBRATION,
        *("game_date", "system_id", "time_window", "first_date", "bin", "lower_bound", "upper_bound", "bets"),
        *("mean_confidence", "hit_rate", "hit_rate_low", "hit_rate_high"),
    )
    + columns(("overconfidence", "FLOAT64", "Mean confidence - hit rate of the bin; above 0, too much is promised."))
    + _same(CALIBRATION_SCORES, "ece", "ece_noise", "ece_noise_high"),
)

VIEWS = (BETS, HIT_RATES_BY_SYSTEM, CALIBRATION_LATEST)
