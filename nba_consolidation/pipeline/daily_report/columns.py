"""The columns of the report's tables: what heads each, the key of its value, and how that is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nba_consolidation.pipeline.daily_report.contents import OUTCOMES

NUMBERS = ("count", "share", "points", "ratio")
"""Forms of numbers, which are set right."""

_HIT_RATE = (("bets", "bets", "count"), ("hit rate", "hit_rate", "share"), ("95 % interval", "interval", "count"))
COLUMNS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "hit_rate_columns": (("system", "system_id", "text"), ("window", "time_window", "text"), *_HIT_RATE,
                         ("push", "push", "count"), ("passed", "passed", "count"), ("voided", "voided", "count"),
                         ("MAE", "mae", "points"), ("bias", "bias", "points"), ("ROI at -110", "roi_110", "share")),
    "bucket_columns": (("system", "system_id", "text"), ("confidences", "what", "text"), ("bucket", "bucket", "text"),
                       ("bets", "bets", "count"), ("promised", "mean_confidence", "share"),
                       ("came", "hit_rate", "share"), ("interval", "interval", "count")),
    "player_columns": (("player", "player_lookup", "text"), ("status", "status", "text"), ("since", "since", "text"),
                       ("until", "until", "text"), *_HIT_RATE, ("why", "reason", "text")),
    "variance_columns": (("player", "player_lookup", "text"), ("bias", "bias_flag", "flag"),
                         ("mean error", "bias", "points"), ("scatter", "variance_flag", "flag"),
                         ("points SD, 10", "points_sd_10", "points"), ("peers' SD, 20", "peer_sd_20", "points")),
    "policy_columns": (("policy", "policy", "text"), ("acts", "acting", "text"),
                       ("flagged now", "flagged_players", "count"), ("ever", "ever_flagged", "count"),
                       ("later bets", "bets", "count"), ("hit rate", "hit_rate", "share"),
                       ("95 % interval", "interval", "count"), ("than all others", "difference", "share"),
                       ("verdict", "verdict", "flag")),
    "strategy_columns": (("strategy", "strategy", "text"), *_HIT_RATE, ("ROI", "roi", "share"),
                         ("95 % by date", "roi_interval", "count"), ("makes money", "pays", "flag"),
                         ("than plain bets", "verdict", "flag"), ("losing run", "longest_losing_run", "count"),
                         ("drawdown, units", "max_drawdown", "points"), ("next", "picked", "text")),
    "override_columns": (("player", "player_lookup", "text"), ("status", "status", "text"),
                         ("from", "first_date", "text"), ("to", "last_date", "text"), ("by", "author", "text"),
                         ("why", "reason", "text")),
    "merged_columns": (("date", "game_date", "text"), ("runs", "consolidations", "count"),
                       ("tables", "staging_tables", "count"), ("staged", "staged", "count"),
                       ("new", "inserted", "count"), ("newer", "updated", "count"), ("stale", "stale", "count"),
                       ("superseded", "superseded", "count"), ("quarantined", "quarantined", "count"),
                       ("last", "last_consolidated_at", "moment")),
    "graded_columns": (("date", "game_date", "text"), ("active", "active", "count"),
                       *((name.replace("_", " "), name, "count") for name in OUTCOMES),
                       ("last", "last_graded_at", "moment")),
    "rule_columns": (("column", "column_name", "text"), ("rule", "rule", "text"), ("rows", "quarantined", "count"),
                     ("tables", "staging_tables", "count"), ("why", "reason", "text")),
    "happening_columns": (("when", "at", "moment"), ("what", "what", "flag"), ("lease", "lease", "text"),
                          ("run", "run_id", "text"), ("holder", "holder_id", "text"), ("for or by", "other", "text"),
                          ("seconds", "seconds", "points"), ("detail", "detail", "text")),
    "check_columns": (("check", "name", "text"), ("status", "status", "text"), ("value", "value", "ratio"),
                      ("threshold", "threshold", "text"), ("what is so", "message", "text")),
}  # fmt: skip
