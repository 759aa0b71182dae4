-- Replaces older versions by the newest staged rows of their business key. prediction_id and created_at of the first
-- version stay. An invalidation of the row counts for every version made before it; invalidate.sql handles those of the
-- staged rows.
UPDATE player_prop_predictions AS T
SET
  macro.EACH_COLUMN = macro.EACH_COLUMN(V),
  invalidation_reason = IF(T.invalidated_at >= V.created_at, T.invalidation_reason, NULL),
  invalidated_at = IF(T.invalidated_at >= V.created_at, T.invalidated_at, NULL),
  prediction_version = COALESCE(T.prediction_version, 1) + 1,
  is_active = V.new_is_active,
  superseded_by = V.new_superseded_by,
  updated_at = @now,
  version_created_at = V.created_at,
  version_prediction_id = V.prediction_id,
  staging_table = V.new_staging_table,
  batch_id = V.new_batch_id,
  lease_token = V.new_lease_token,
  run_id = @run_id,
  consolidation_id = @consolidation_id
FROM (
  SELECT
    S.*,
    N.is_active AS new_is_active,
    N.superseded_by AS new_superseded_by,
    M.staging_table AS new_staging_table,
    M.batch_id AS new_batch_id,
    L.token AS new_lease_token
  FROM current_versions AS N
  JOIN staged AS S ON S.staging_table_number = N.staging_table_number AND S.staging_row = N.staging_row
  JOIN manifest AS M ON M.staging_table_number = N.staging_table_number AND M.game_date = N.game_date
  JOIN leases AS L ON L.game_date = N.game_date
  WHERE N.outcome = 'updated'
) AS V
WHERE macro.SAME_KEY(T, V)
  AND T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
