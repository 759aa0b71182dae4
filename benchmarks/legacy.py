"""Makes a legacy prediction_accuracy to repair: two graders at once, one system in percent for two weeks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb

from nba_consolidation.schema import ACCURACY, ALL_TABLES
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.staging.parquet import ParquetStaging

FIRST_DATE, DATES = dt.date(2025, 10, 21), 175
_SYSTEMS = 3
_LATER_COPIES = 10
"""One of so many copies is byte-identical; the others were graded five minutes later."""


@dataclass(frozen=True)
class LegacySize:
    """The numbers of rows, and of the duplicates among them."""

    rows: int
    duplicates: int

    @property
    def keys(self) -> int:
        return self.rows - self.duplicates


def make_legacy(size: LegacySize, file: Path) -> None:
    """Writes the DuckDB file, unless it exists."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    DuckDBWarehouse(file, ParquetStaging(file.parent / "staging")).create_tables(ALL_TABLES)
    with duckdb.connect(file) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"INSERT INTO {ACCURACY.name} BY NAME {_rows(size)}")


def _rows(size: LegacySize) -> str:
    return _INVENTED.format(
        rows=size.rows, keys=size.keys, first=FIRST_DATE, dates=DATES, systems=_SYSTEMS, later_copies=_LATER_COPIES,
        dates_systems=DATES * _SYSTEMS, percent_until=FIRST_DATE + dt.timedelta(14),
    )  # fmt: skip


_INVENTED = """
SELECT
  'player' || player_no AS player_lookup,
  strftime(game_date, '%Y%m%d') || '_BOS_' || ['OKC', 'ORL', 'PHI'][player_no % 3 + 1] AS game_id,
  game_date,
  'system_' || system_no AS system_id,
  ['ATL', 'BOS', 'BKN', 'CHA', 'CHI'][player_no % 5 + 1] AS team_abbr,
  ['OKC', 'ORL', 'PHI'][player_no % 3 + 1] AS opponent_team_abbr,
  (h % 400) / 10 AS predicted_points,
  IF(in_percent, 100, 1) * (5000 + h % 5000) / 10000 AS confidence_score,
  6 + h % 5 AS confidence_decile,
  ['OVER', 'UNDER', 'PASS'][h % 3 + 1] AS recommendation,
  IF(player_no % 20 = 0, NULL, 8 + player_no % 30 + 0.5) AS line_value,
  (h % 30) / 10 AS referee_adjustment,
  (h % 50) / 10 AS pace_adjustment,
  h % 30 AS similarity_sample_size,
  h // 7 % 50 AS actual_points,
  (h % 480) / 10 AS minutes_played,
  (h % 120) / 10 AS absolute_error,
  (h % 240) / 10 - 12 AS signed_error,
  IF(h % 3 = 2, NULL, h % 2 = 0) AS prediction_correct,
  (h % 100) / 10 - 5 AS predicted_margin,
  (h % 300) / 10 - 15 AS actual_margin,
  h % 4 = 0 AS within_3_points,
  h % 2 = 0 AS within_5_points,
  player_no % 20 <> 0 AS has_prop_line,
  IF(player_no % 20 = 0, 'NO_PROP_LINE', 'ACTUAL_PROP') AS line_source,
  h % 3 = 0 AS is_actionable,
  IF(h % 3 = 0, NULL, 'low_confidence') AS filter_reason,
  ['DRAFTKINGS', 'FANDUEL', 'BETMGM', 'CAESARS'][player_no % 4 + 1] AS line_bookmaker,
  'ODDS_API' AS line_source_api,
  FALSE AS is_voided,
  player_no % 15 = 0 AS pre_game_injury_flag,
  IF(player_no % 15 = 0, 'QUESTIONABLE', NULL) AS pre_game_injury_status,
  FALSE AS injury_confirmed_postgame,
  (h % 1000003) / 10000.03 AS feature_quality_score,
  ['HIGH', 'MEDIUM', 'LOW'][h % 3 + 1] AS data_quality_tier,
  'v' || system_no || '.4' AS model_version,
  game_date + INTERVAL 30 HOUR + to_minutes(IF(is_copy AND key_no % {later_copies} <> 0, 5, 0)) AS graded_at
FROM (
  SELECT
    *,
    (hash(key_no) >> 1)::BIGINT AS h,
    system_no = 0 AND game_date < DATE '{percent_until}' AS in_percent
  FROM (
    SELECT
      key_no,
      is_copy,
      (DATE '{first}' + (key_no % {dates})::INTEGER)::DATE AS game_date,
      key_no // {dates} % {systems} AS system_no,
      key_no // {dates_systems} AS player_no
    FROM (SELECT r % {keys} AS key_no, r >= {keys} AS is_copy FROM range({rows}) AS t(r))
  )
)
ORDER BY game_date, is_copy
"""
