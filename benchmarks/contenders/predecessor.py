"""The predecessor's way (incidents 1, 34, 48): MERGE on a key whose line is rounded, then deactivate, then check."""

from __future__ import annotations

from benchmarks.contenders.limit import connection
from benchmarks.job import VALUES, Job, fresh_warehouse, newest_per_key
from nba_consolidation.schema import PREDICTIONS

_PLAIN = ("game_date", "game_id", "player_lookup", "system_id")
_ROUNDED = "CAST(COALESCE({}current_points_line, -1) AS BIGINT)"


def setup(job: Job) -> None:
    """A copy of the DuckDB file."""
    fresh_warehouse(job)


def run(job: Job) -> dict[str, object]:
    """Three statements, each a transaction of its own."""
    first, last = job.game_dates[0], job.game_dates[-1]
    with connection(job) as connected:
        connected.execute(_merge(job))
        connected.execute(_DEACTIVATE.format(first=first, last=last))
        (duplicates,) = connected.execute(_CHECK.format(first=first, last=last)).fetchall()[0]
    return {"its_own_check_finds": duplicates}


def _merge(job: Job) -> str:
    key = ", ".join([*_PLAIN, _ROUNDED.format("")])
    matches = [f"T.{name} = S.{name}" for name in _PLAIN] + [f"{_ROUNDED.format('T.')} = {_ROUNDED.format('S.')}"]
    kept = {"prediction_id", "created_at", *_PLAIN}
    updates = ", ".join(f"{name} = S.{name}" for name in VALUES if name not in kept)
    columns = ", ".join(PREDICTIONS.column_names)
    values = ", ".join(f"S.{name}" for name in PREDICTIONS.column_names)
    return (
        f"MERGE INTO player_prop_predictions AS T USING ({newest_per_key(job, key)}) AS S ON {' AND '.join(matches)} "
        f"WHEN MATCHED THEN UPDATE SET {updates}, updated_at = now() "
        f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})"
    )


_DEACTIVATE = """
UPDATE player_prop_predictions AS T
SET is_active = FALSE
FROM (
  SELECT prediction_id FROM player_prop_predictions
  WHERE game_date BETWEEN '{first}' AND '{last}'
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY game_date, game_id, player_lookup, system_id ORDER BY created_at DESC, prediction_id DESC) > 1
) AS R
WHERE T.prediction_id = R.prediction_id AND T.game_date BETWEEN '{first}' AND '{last}'
"""
_CHECK = """
SELECT COUNT(*) FROM (
  SELECT 1 FROM player_prop_predictions
  WHERE game_date BETWEEN '{first}' AND '{last}'
  GROUP BY game_date, game_id, player_lookup, system_id, CAST(COALESCE(current_points_line, -1) AS BIGINT)
  HAVING COUNT(*) > 1
)
"""


def result(job: Job) -> str:
    """Where to read the result."""
    return f"duckdb:{job.warehouse}"
