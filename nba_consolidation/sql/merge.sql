-- The newest rows go in. prediction_id and created_at of the first version stay; an invalidation that stands holds
-- against every version made before it (those that the staged rows bring: invalidate.sql).
MERGE INTO player_prop_predictions AS T
USING (
  SELECT S.*, M.staging_table AS from_table, M.batch_id AS from_batch, L.token AS from_token
  FROM outcomes AS O
  JOIN staged AS S ON S.staging_table_number = O.staging_table_number AND S.staging_row = O.staging_row
  JOIN manifest AS M ON M.staging_table_number = O.staging_table_number AND M.game_date = O.game_date
  JOIN leases AS L ON L.game_date = O.game_date
  WHERE O.outcome IN ('inserted', 'updated')
) AS V
ON SAME_KEY(T, V)
  AND T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
WHEN MATCHED THEN UPDATE SET
  each_column = V.each_column,
  invalidation_reason = IF(T.invalidated_at >= V.created_at, T.invalidation_reason, NULL),
  invalidated_at = IF(T.invalidated_at >= V.created_at, T.invalidated_at, NULL),
  prediction_version = COALESCE(T.prediction_version, 1) + 1,
  updated_at = @now,
  version_created_at = V.created_at,
  version_prediction_id = V.prediction_id,
  staging_table = V.from_table,
  batch_id = V.from_batch,
  lease_token = V.from_token,
  run_id = @run_id,
  consolidation_id = @consolidation_id
WHEN NOT MATCHED THEN INSERT (
  business_key, prediction_id, created_at, each_column,
  prediction_version, is_active, updated_at,
  version_created_at, version_prediction_id, staging_table, batch_id, lease_token, run_id, consolidation_id
) VALUES (
  V.business_key, V.prediction_id, V.created_at, V.each_column,
  1, TRUE, @now,
  V.created_at, V.prediction_id, V.from_table, V.from_batch, V.from_token, @run_id, @consolidation_id
)
