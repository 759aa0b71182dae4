"""The columns of the tables that people read, at the terminal and on the report's page."""

from __future__ import annotations

from nba_consolidation.schema.display import (
    DisplayColumn,
    Row,
    compact,
    count_column,
    fixed_column,
    fixed_range,
    interval_column,
    noise_column,
    percent_column,
    plain,
    text_column,
    words_column,
)
from nba_consolidation.schema.grading import OUTCOMES

SYSTEM = text_column("system", "system_id")
WINDOW = text_column("window", "time_window")
HIT_RATE = (
    count_column("bets", "bets"),
    percent_column("hit rate", "hit_rate"),
    interval_column("95 % interval", "hit_rate"),
)
"""A hit rate is never shown without its interval and its number of bets."""

PERFORMANCE = (
    *HIT_RATE,
    count_column("push", "push", 3),
    count_column("passed", "passed", 4),
    count_column("voided", "voided", 3),
    count_column("compared", "compared", 2),
    fixed_column("MAE", "mae", 2),
    fixed_column("bias", "bias", 2, sign="+"),
    percent_column("ROI -110", "roi_110", sign="+"),
)
CALIBRATION_SCORES = (
    SYSTEM,
    *HIT_RATE,
    percent_column("mean confidence", "mean_confidence"),
    fixed_column("ECE", "ece", 4),
    noise_column("by chance", "ece_noise"),
    fixed_column("Brier", "brier", 4, rank=1),
    fixed_column("log loss", "log_loss", 4, rank=1),
    fixed_column("of a constant", "log_loss_constant", 4, rank=1),
    count_column("without confidence", "without_confidence", 2),
)
AGAINST_A_CONSTANT = (
    count_column("bets", "bets"),
    fixed_column("ECE", "ece", 3),
    noise_column("ECE by chance", "ece_noise"),
    fixed_column("log loss", "log_loss", 4),
    fixed_column("of a constant", "log_loss_constant", 4),
)
"""The constant is the hit rate of the same bets; that of 0.5 is 0.6931."""
CALIBRATION_BINS = (
    DisplayColumn("confidence", lambda row: f"{row['lower_bound']:.1f} to {row['upper_bound']:.1f}"),
    percent_column("mean confidence", "mean_confidence"),
    *HIT_RATE,
)
_FITTED = (
    text_column("method", "method"),
    fixed_column("shift", "mean_shift", 3, rank=1),
    fixed_column("log loss\nbefore", "log_loss_before", 4, rank=1),
    fixed_column("after", "log_loss_after", 4, rank=1),
    fixed_column("of a constant", "log_loss_constant", 4, rank=1),
    fixed_column("ECE before", "ece_before", 4),
    noise_column("by chance", "ece_noise_before", rank=2),
    fixed_column("after", "ece_after", 4),
    noise_column("by chance", "ece_noise_after", rank=1),
)
CALIBRATION_DECISIONS = (
    text_column("date", "game_date"),
    SYSTEM,
    words_column("outcome", "outcome"),
    count_column("bets", "bets"),
    *_FITTED,
    text_column("reason", "reason", 2, wide=True),
)
CALIBRATION_VERSIONS = (
    text_column("version", "version_id"),
    words_column("state", "state"),
    text_column("scope", "scope", 2),
    count_column("bets", "bets", 2),
    *_FITTED,
)
CALIBRATION_EVENTS = (
    text_column("version", "version_id"),
    words_column("new state", "state"),
    text_column("from", "effective_date"),
    text_column("author", "author", 1),
    text_column("reason", "reason", 2, wide=True),
)
PLAYERS = (
    text_column("player", "player_lookup"),
    words_column("status", "status"),
    fixed_column("margin, points", "margin", 1, sign="+"),
    DisplayColumn("95 % of margin", lambda row: fixed_range(row["margin_low"], row["margin_high"]), right=True),
    *HIT_RATE,
    text_column("flagged by", "flagged_by", 2),
    words_column("bias", "bias_flag", 3),
    fixed_column("mean error", "bias", 1, rank=3, sign="+"),
    words_column("variance", "variance_flag", 4),
    fixed_column("SD 10", "points_sd_10", 1, rank=4),
    fixed_column("SD by volume", "variance_ratio", 2, rank=4),
    text_column("since", "since", 5),
    text_column("until", "until", 5),
    text_column("reason", "reason", 1, wide=True),
)
BIAS_AND_VARIANCE = (
    text_column("player", "player_lookup"),
    words_column("bias", "bias_flag"),
    fixed_column("mean error", "bias", 1, sign="+"),
    words_column("variance", "variance_flag"),
    fixed_column("SD of points, 10 games", "points_sd_10", 1),
    fixed_column("SD of peers, 20 games", "peer_sd_20", 1),
)
POLICIES = (
    text_column("policy", "policy"),
    text_column("in use", "acting"),
    count_column("flagged", "flagged_players"),
    count_column("ever", "ever_flagged", 1),
    *HIT_RATE,
    percent_column("vs others", "difference", sign="+"),
    words_column("verdict", "verdict"),
)
OVERRIDES = (
    text_column("player", "player_lookup"),
    DisplayColumn("status", lambda row: row["status"] or "as computed"),
    text_column("from", "first_date"),
    text_column("to", "last_date"),
    text_column("author", "author"),
    text_column("reason", "reason", wide=True),
    text_column("decided at", "created_at", 1),
    count_column("bets since", "bets"),
    count_column("won", "correct"),
    fixed_column("units", "units", 1, sign="+"),
)


def _strategy(row: Row) -> str:
    return f"{row['strategy']} (next: {row['picked']})" if row["picked"] else plain(row["strategy"])


STRATEGIES = (
    DisplayColumn("strategy", _strategy),
    *HIT_RATE,
    percent_column("ROI", "roi", sign="+"),
    interval_column("95 % of ROI", "roi", sign="+"),
    fixed_column("p of ROI", "roi_p", 3, rank=1),
    words_column("pays", "pays"),
    percent_column("vs baseline", "difference", 1, sign="+"),
    interval_column("95 % of the difference", "difference", 3, sign="+"),
    fixed_column("p of the\ndifference", "difference_p", 3, rank=2),
    words_column("verdict", "verdict", 1),
    count_column("losing streak", "longest_losing_run", 2),
    fixed_column("drawdown", "max_drawdown", 1, rank=2),
)
CONSOLIDATED_DATES = (
    text_column("date", "game_date"),
    count_column("runs", "consolidations"),
    count_column("tables", "staging_tables"),
    count_column("staged", "staged"),
    count_column("inserted", "inserted"),
    count_column("updated", "updated"),
    count_column("stale", "stale"),
    count_column("superseded", "superseded"),
    count_column("quarantined", "quarantined"),
    text_column("last consolidated", "last_consolidated_at"),
)
GRADED_DATES = (
    text_column("date", "game_date"),
    count_column("active", "active"),
    *(count_column(name.replace("_", " "), name) for name in (*OUTCOMES, "waiting")),
    text_column("last graded", "last_graded_at"),
)
QUARANTINE_RULES = (
    text_column("column", "column_name"),
    text_column("rule", "rule"),
    count_column("rows", "quarantined"),
    count_column("tables", "staging_tables", 2),
    text_column("first date", "first_date", 3),
    text_column("last date", "last_date", 3),
    text_column("reason", "reason", wide=True),
)
ALIASES = (
    text_column("player", "player_lookup"),
    DisplayColumn("name in the box scores", lambda row: row["box_score_player"] or "removed"),
    DisplayColumn("in force", lambda row: "yes" if row["is_current"] else "no"),
    text_column("author", "author"),
    text_column("reason", "reason", wide=True),
    text_column("decided at", "created_at"),
)
UNSETTLED_NAMES = (
    text_column("date", "game_date"),
    text_column("game", "game_id"),
    text_column("player", "player_lookup"),
    text_column("similar name in the box scores", "box_score_player"),
    count_column("predictions", "predictions"),
)
LEASE_EVENTS = (
    text_column("at", "at"),
    words_column("event", "what"),
    text_column("lease", "lease"),
    text_column("holder", "holder_id"),
    text_column("run", "run_id", 1),
    text_column("for or by", "other", wide=True),
    fixed_column("seconds", "seconds", 1),
    text_column("detail", "detail", wide=True),
)
CHECKS = (
    text_column("check", "name"),
    text_column("status", "status"),
    DisplayColumn("value", lambda row: compact(row["value"]), 1, right=True),
    text_column("threshold", "threshold", 2),
    text_column("result and what to do", "message", wide=True),
)
