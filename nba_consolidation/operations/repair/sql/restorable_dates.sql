-- The dates that a run changed: the run that undid it, and the last later run that changed the date and was not undone.
-- Tokens of one date grow, so the larger token is the later run.
SELECT
  R.game_date,
  R.is_restore,
  R.changes,
  U.restored_by,
  N.run_id AS later_run_id,
  N.kind AS later_kind
FROM (
  SELECT
    game_date,
    MAX(lease_token) AS lease_token,
    MAX(kind) = 'restore' AS is_restore,
    CAST(SUM(changes) AS INT64) AS changes
  FROM table_changes
  WHERE run_id = @restored_run_id
  GROUP BY game_date
) AS R
LEFT JOIN (
  SELECT game_date, MAX(lease_token) AS lease_token, MAX(run_id) AS restored_by
  FROM table_changes
  WHERE restored_run_id = @restored_run_id
  GROUP BY game_date
) AS U ON U.game_date = R.game_date AND U.lease_token > R.lease_token
LEFT JOIN (
  SELECT L.game_date, L.run_id, L.kind, L.lease_token
  FROM table_changes AS L
  LEFT JOIN (
    SELECT game_date, restored_run_id, MAX(lease_token) AS lease_token
    FROM table_changes
    WHERE restored_run_id IS NOT NULL
    GROUP BY game_date, restored_run_id
  ) AS S ON S.game_date = L.game_date AND S.restored_run_id = L.run_id AND S.lease_token > L.lease_token
  WHERE L.kind <> 'restore'
    AND S.restored_run_id IS NULL
    AND L.changes > 0
) AS N ON N.game_date = R.game_date AND N.lease_token > R.lease_token AND N.run_id <> @restored_run_id
QUALIFY ROW_NUMBER() OVER (PARTITION BY R.game_date ORDER BY N.lease_token DESC) = 1
ORDER BY R.game_date
