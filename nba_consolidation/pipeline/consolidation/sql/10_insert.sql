-- Inserts the newest staged rows of new business keys.
INSERT INTO player_prop_predictions (
  `macro.BUSINESS_KEY`, prediction_id, created_at, `macro.EACH_COLUMN`,
  prediction_version, is_active, superseded_by, updated_at,
  version_created_at, version_prediction_id, staging_table, batch_id, lease_token, run_id, consolidation_id
)
SELECT
  macro.BUSINESS_KEY(S), S.prediction_id, S.created_at, macro.EACH_COLUMN(S),
  1, N.is_active, N.superseded_by, @now,
  S.created_at, S.prediction_id, M.staging_table, M.batch_id, L.token, @run_id, @consolidation_id
FROM current_versions AS N
JOIN staged AS S ON S.staging_table_number = N.staging_table_number AND S.staging_row = N.staging_row
JOIN manifest AS M ON M.staging_table_number = N.staging_table_number AND M.game_date = N.game_date
JOIN leases AS L ON L.game_date = N.game_date
WHERE N.outcome = 'inserted'
