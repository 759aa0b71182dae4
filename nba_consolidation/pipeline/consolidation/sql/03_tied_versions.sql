-- The sound rows that tie for the newest of their business key: equal in created_at and prediction_id.
CREATE TEMP TABLE tied_versions AS
SELECT V.staging_table_number, V.staging_row, macro.BUSINESS_KEY(V)
FROM staged_versions AS N
JOIN staged_versions AS V
  ON macro.SAME_KEY(V, N) AND V.created_at = N.created_at AND V.prediction_id = N.prediction_id
WHERE N.version_rank = 1 AND N.tied_rows > 1 AND N.broken_rule IS NULL AND V.broken_rule IS NULL
