-- Keeps the versions that are not current, so that a row can be explained: superseded by a newer one of the same
-- consolidation, stale compared with the current one, or replaced by the new one.
INSERT INTO lost_versions (
  `macro.BUSINESS_KEY`, prediction_id, created_at, staging_table, outcome,
  lost_at, lease_token, run_id, consolidation_id
)
SELECT
  macro.BUSINESS_KEY(V), V.prediction_id, V.created_at, V.staging_table, V.outcome,
  @now, L.token, @run_id, @consolidation_id
FROM (
  SELECT
    macro.BUSINESS_KEY(C),
    C.prediction_id,
    C.created_at,
    M.staging_table,
    IF(C.version_rank > 1, 'superseded', 'stale') AS outcome
  FROM staged_versions AS C
  LEFT JOIN outcomes AS O
    ON O.staging_table_number = C.staging_table_number AND O.staging_row = C.staging_row
  JOIN manifest AS M ON M.staging_table_number = C.staging_table_number AND M.game_date = C.consolidated_date
  WHERE C.broken_rule IS NULL AND (C.version_rank > 1 OR O.outcome NOT IN ('inserted', 'updated'))
  UNION ALL
  SELECT
    macro.BUSINESS_KEY(T),
    COALESCE(T.version_prediction_id, T.prediction_id) AS prediction_id,
    COALESCE(T.version_created_at, T.created_at) AS created_at,
    T.staging_table,
    'replaced' AS outcome
  FROM player_prop_predictions AS T
  JOIN outcomes AS O ON macro.SAME_KEY(O, T)
  WHERE O.outcome = 'updated'
    AND T.game_date BETWEEN @first_date AND @last_date
    AND T.game_date IN UNNEST(@game_dates)
) AS V
JOIN leases AS L ON L.game_date = V.game_date
