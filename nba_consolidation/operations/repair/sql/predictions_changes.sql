-- Every transaction that wrote player_prop_predictions, with the number of rows that it changed. A consolidation can change
-- more rows than it counts: it activates and invalidates others.
CREATE TEMP TABLE table_changes AS
SELECT
  game_date, run_id, restored_run_id, kind, lease_token,
  COALESCE(inserted, 0) + COALESCE(updated, 0) + COALESCE(removed, 0) AS changes
FROM prediction_repairs
WHERE game_date BETWEEN @first_date AND @last_date
UNION ALL
SELECT game_date, run_id, NULL, 'consolidation', lease_token, staged
FROM consolidation_ledger
WHERE game_date BETWEEN @first_date AND @last_date
