-- The newest staged row of each business key, compared with the current version: it is inserted, updates that version,
-- or is stale. `tied`: equal in created_at and prediction_id; break_ties_with_current decides.
CREATE TEMP TABLE outcomes AS
SELECT
  N.staging_table_number,
  N.staging_row,
  macro.BUSINESS_KEY(N),
  N.created_at,
  N.prediction_id,
  CASE
    WHEN T.prediction_id IS NULL THEN 'inserted'
    WHEN N.created_at > COALESCE(T.version_created_at, T.created_at) THEN 'updated'
    WHEN N.created_at < COALESCE(T.version_created_at, T.created_at) THEN 'stale'
    WHEN N.prediction_id > COALESCE(T.version_prediction_id, T.prediction_id) THEN 'updated'
    WHEN N.prediction_id < COALESCE(T.version_prediction_id, T.prediction_id) THEN 'stale'
    ELSE 'tied'
  END AS outcome
FROM staged_versions AS N
LEFT JOIN (
  SELECT macro.BUSINESS_KEY(), prediction_id, created_at, version_prediction_id, version_created_at
  FROM player_prop_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS T ON macro.SAME_KEY(T, N)
WHERE N.broken_rule IS NULL AND N.version_rank = 1
