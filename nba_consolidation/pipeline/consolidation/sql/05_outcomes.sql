-- Each newest staged row held against what stands: it is inserted, updates it, or is stale. `equal` is not decided
-- yet: the same created_at and prediction_id as the version that stands.
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
    ELSE 'equal'
  END AS outcome
FROM candidates AS N
LEFT JOIN (
  SELECT macro.BUSINESS_KEY(), prediction_id, created_at, version_prediction_id, version_created_at
  FROM player_prop_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS T ON macro.SAME_KEY(T, N)
WHERE N.broken_rule IS NULL AND N.version_rank = 1
