"""Makes the input of the benchmark from a seed, in DuckDB: staging tables, and the table that they are merged into."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.job import CORE, MEMORY_LIMIT
from nba_consolidation.schema import ALL_TABLES, PREDICTIONS
from nba_consolidation.warehouse.duckdb.statements import create_table
from nba_consolidation.warehouse.staging.parquet import ParquetStaging

FIRST_DATE = dt.date(2026, 1, 5)
DATES = 10
KEYS_PER_ROW = 0.666
_KEYS_PER_DATE = 66_600
_LINES = 12  # per game, player and system: none, and eleven neighbours on the half point


@dataclass(frozen=True)
class Size:
    """The numbers of staged rows, staging tables and existing rows. overlap: share of the staged keys that exist."""

    rows: int
    tables: int
    history: int
    overlap: float = 0.0
    seed: int = 34

    @property
    def keys(self) -> int:
        """Distinct business keys among the staged rows."""
        return round(self.rows * KEYS_PER_ROW)

    @property
    def staged_name(self) -> str:
        """Folder of the staged tables."""
        return f"staged-{self.rows}-{self.tables}-{self.seed}"

    @property
    def base_name(self) -> str:
        """Folder of the base table, which depends on the staged keys only if they overlap."""
        overlap = f"-{self.overlap}-of-{self.rows}" if self.overlap else ""
        return f"base-{self.history}{overlap}-{self.seed}"


def make_staged(size: Size, folder: Path) -> None:
    """Writes the staging tables as workers would, and the expected result to `expected_file`."""
    if folder.exists():
        return
    hidden = folder.with_name(f"{folder.name}.half")
    shutil.rmtree(hidden, ignore_errors=True)
    staging = ParquetStaging(hidden)
    with duckdb.connect(config={"memory_limit": MEMORY_LIMIT}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = _predictions(size.rows, size.keys, FIRST_DATE, DATES, size.seed)
        table = f"(key_no + 37 * copy) % {size.tables} AS table_no"
        connection.execute(f"CREATE TABLE made AS SELECT *, {table} FROM ({rows})")
        for number in range(size.tables):
            data = connection.sql(f"SELECT {', '.join(CORE)} FROM made WHERE table_no = {number}").to_arrow_table()
            staging.write(f"_staging_20260104_120000_w{number:03d}", data)
        connection.execute(
            "COPY (SELECT * FROM made QUALIFY ROW_NUMBER() OVER (PARTITION BY key_no "
            f"ORDER BY created_at DESC, prediction_id DESC) = 1) TO '{expected_file(folder)}' (FORMAT parquet)"
        )
    hidden.rename(folder)


def expected_file(staged: Path) -> Path:
    """The file with the newest row of every key. It is beside the folder, because every file in it is staged."""
    return staged.with_name(f"{staged.name}-expected.parquet")


def make_base(size: Size, folder: Path) -> None:
    """Writes warehouse.duckdb with all tables and their history, and the predictions as Parquet for the peers."""
    if folder.exists():
        return
    hidden = folder.with_name(f"{folder.name}.half")
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir(parents=True)
    with duckdb.connect(hidden / "warehouse.duckdb", config={"memory_limit": MEMORY_LIMIT}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in ALL_TABLES:
            connection.execute(create_table(table))
        dates = -(-size.history // _KEYS_PER_DATE)
        first = FIRST_DATE - dt.timedelta(days=dates + 1)
        if size.history:
            _insert_existing(connection, _predictions(size.history, size.history, first, dates, size.seed + 1))
        existing = round(size.keys * size.overlap)
        if existing:
            rows = _predictions(size.keys, size.keys, FIRST_DATE, DATES, size.seed + 2, days_before=4)
            _insert_existing(connection, f"SELECT * FROM ({rows}) WHERE key_no < {existing}")
        connection.execute(_LOST_VERSIONS)
        connection.execute(_LEDGER_TABLES)
        connection.execute(
            f"COPY player_prop_predictions TO '{hidden}/parquet' (FORMAT parquet, PARTITION_BY (game_date))"
        )
    hidden.rename(folder)


def _insert_existing(connection: duckdb.DuckDBPyConnection, rows: str) -> None:
    lineage = {
        "version_created_at": "created_at",
        "version_prediction_id": "prediction_id",
        "staging_table": "'_staging_20251001_120000_w' || key_no % 100",
        "batch_id": "'20251001_120000'",
        "lease_token": "1",
        "run_id": "'history'",
        "consolidation_id": "md5(game_date::VARCHAR)",
        "is_active": "current_points_line IS NULL",
    }
    columns = ", ".join(f"{lineage.get(name, name)} AS {name}" for name in PREDICTIONS.column_names)
    connection.execute(f"INSERT INTO player_prop_predictions SELECT {columns} FROM ({rows})")


_LOST_VERSIONS = """
INSERT INTO lost_versions BY NAME
SELECT game_date, game_id, player_lookup, system_id, current_points_line, md5(prediction_id) AS prediction_id,
  created_at - INTERVAL 1 HOUR AS created_at, staging_table, 'superseded' AS outcome, updated_at AS lost_at,
  lease_token, run_id, consolidation_id
FROM player_prop_predictions
WHERE hash(prediction_id) % 2 = 0
"""
_LEDGER_TABLES = """
INSERT INTO consolidation_ledger_tables BY NAME
SELECT game_date, staging_table || game_date AS staging_table, md5(staging_table) AS fingerprint, COUNT(*) AS staged,
  consolidation_id, 'history' AS run_id, 1 AS lease_token, MAX(updated_at) AS consolidated_at
FROM player_prop_predictions
GROUP BY game_date, staging_table, consolidation_id
"""


def _predictions(rows: int, keys: int, first: dt.date, dates: int, seed: int, days_before: int = 1) -> str:
    """SELECT of invented predictions: every key at least once, surplus rows at random keys, numbered by `copy`."""
    return _INVENTED.format(
        rows=rows, keys=keys, first=first, dates=dates, seed=seed, key_seed=seed + 7, days_before=days_before,
        lines=_LINES, dates_lines=dates * _LINES, dates_lines_systems=dates * _LINES * 12,
    )  # fmt: skip


_INVENTED = """
SELECT
  key_no,
  copy,
  CAST(CAST(md5('{seed}-' || r) AS UUID) AS VARCHAR) AS prediction_id,
  ['moving_average', 'zone_matchup_v1', 'similarity_balanced_v1', 'xgboost_v1', 'ensemble_v1', 'catboost_v9',
   'catboost_v10', 'catboost_v11', 'catboost_v12', 'lightgbm_v1', 'lightgbm_v2', 'lightgbm_v3'][system_no + 1]
    AS system_id,
  ['dario', 'kelvon', 'tremel', 'oskari', 'jabriel', 'lonzell', 'mateus', 'averel'][player_no % 8 + 1]
    || 'ashfield' || player_no AS player_lookup,
  game_date,
  strftime(game_date, '%Y%m%d') || '_' || ['ATL', 'BOS', 'BKN', 'CHA', 'CHI'][player_no % 5 + 1]
    || '_' || ['OKC', 'ORL', 'PHI'][player_no % 3 + 1] AS game_id,
  1::BIGINT AS prediction_version,
  ((h % 500) / 10)::DECIMAL(5, 1) AS predicted_points,
  ((h % 9973) / 10000)::DECIMAL(7, 4) AS confidence_score,
  ['OVER', 'UNDER', 'PASS', 'HOLD'][h % 4 + 1] AS recommendation,
  line_no > 0 AS has_prop_line,
  IF(line_no = 0, NULL, 4 + player_no % 20 + line_no / 2)::DECIMAL(4, 1) AS current_points_line,
  ((h % 500) / 10 - 20)::DECIMAL(5, 2) AS line_margin,
  IF(line_no = 0, NULL, 'ACTUAL_PROP') AS line_source,
  IF(line_no = 0, NULL, 'ODDS_API') AS line_source_api,
  ['DRAFTKINGS', 'FANDUEL', 'BETMGM', 'CAESARS'][player_no % 4 + 1] AS sportsbook,
  IF(line_no = 0, player_no % 40, NULL)::DECIMAL(4, 1) AS estimated_line_value,
  IF(line_no = 0, 'season_average', NULL) AS estimation_method,
  h % 20 = 0 AS was_line_fallback,
  'v' || system_no || '.4' AS model_version,
  ['early', 'overnight', 'pre_game'][h % 3 + 1] AS prediction_run_mode,
  TRUE AS is_active,
  h % 3 = 0 AS is_actionable,
  IF(h % 3 = 0, NULL, 'low_confidence') AS filter_reason,
  NULL::VARCHAR AS superseded_by,
  NULL::VARCHAR AS invalidation_reason,
  NULL::TIMESTAMPTZ AS invalidated_at,
  IF(player_no % 15 = 0, 'QUESTIONABLE', NULL) AS injury_status_at_prediction,
  player_no % 15 = 0 AS injury_flag_at_prediction,
  IF(player_no % 15 = 0, 'knee soreness', NULL) AS injury_reason_at_prediction,
  made_at - INTERVAL 20 MINUTE AS injury_checked_at,
  TRUE AS prediction_made_before_game,
  (h % 1000003) / 10000.03 AS feature_quality_score,
  ((h % 400) / 100)::DECIMAL(5, 2) AS pace_adjustment,
  0::DECIMAL(5, 2) AS referee_adjustment,
  (h % 30)::BIGINT AS similar_games_count,
  'u-' || player_no AS universal_player_id,
  ['ATL', 'BOS', 'BKN', 'CHA', 'CHI'][player_no % 5 + 1] AS team_abbr,
  ['OKC', 'ORL', 'PHI'][player_no % 3 + 1] AS opponent_team_abbr,
  made_at - INTERVAL 2 SECOND AS predicted_at,
  made_at AS created_at,
  made_at + INTERVAL 1 HOUR AS updated_at
FROM (
  SELECT
    *,
    game_date - INTERVAL {days_before} DAY + INTERVAL 10 HOUR + to_microseconds(h % 36000000000) AS made_at
  FROM (
    SELECT
      r,
      key_no,
      copy,
      (hash(r, {seed}) >> 1)::BIGINT AS h,
      (DATE '{first}' + (key_no % {dates})::INTEGER)::DATE AS game_date,
      key_no // {dates} % {lines} AS line_no,
      key_no // {dates_lines} % 12 AS system_no,
      key_no // {dates_lines_systems} AS player_no
    FROM (
      SELECT *, ROW_NUMBER() OVER (PARTITION BY key_no ORDER BY r) AS copy
      FROM (SELECT r, IF(r < {keys}, r, (hash(r, {key_seed}) % {keys})::BIGINT) AS key_no FROM range({rows}) AS t(r))
    )
  )
)
ORDER BY game_date
"""
