-- The newest staged rows replace older versions of their business key. prediction_id and created_at of the first
-- version stay; an invalidation that stands holds against every version made before it (those that the staged rows
-- bring: invalidate.sql).
UPDATE player_prop_predictions AS T
SET
  macro.EACH_COLUMN = macro.EACH_COLUMN(V),
  invalidation_reason = IF(T.invalidated_at >= V.created_at, T.invalidation_reason, NULL),
  invalidated_at = IF(T.invalidated_at >= V.created_at, T.invalidated_at, NULL),
  prediction_version = COALESCE(T.prediction_version, 1) + 1,
  is_active = V.to_be_active,
  superseded_by = V.to_be_superseded_by,
  updated_at = @now,
  version_created_at = V.created_at,
  version_prediction_id = V.prediction_id,
  staging_table = V.from_table,
  batch_id = V.from_batch,
  lease_token = V.from_token,
  run_id = @run_id,
  consolidation_id = @consolidation_id
FROM (
  SELECT
    S.*,
    N.is_active AS to_be_active,
    N.superseded_by AS to_be_superseded_by,
    M.staging_table AS from_table,
    M.batch_id AS from_batch,
    L.token AS from_token
  FROM standing AS N
  JOIN staged AS S ON S.staging_table_number = N.staging_table_number AND S.staging_row = N.staging_row
  JOIN manifest AS M ON M.staging_table_number = N.staging_table_number AND M.game_date = N.game_date
  JOIN leases AS L ON L.game_date = N.game_date
  WHERE N.outcome = 'updated'
) AS V
WHERE macro.SAME_KEY(T, V)
  AND T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
