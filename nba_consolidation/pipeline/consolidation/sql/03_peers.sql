-- The sound rows that are equal to the first of their business key in created_at and prediction_id, where there is
-- more than one.
CREATE TEMP TABLE peers AS
SELECT P.staging_table_number, P.staging_row, macro.BUSINESS_KEY(P)
FROM candidates AS F
JOIN candidates AS P
  ON macro.SAME_KEY(P, F) AND P.created_at = F.created_at AND P.prediction_id = F.prediction_id
WHERE F.version_rank = 1 AND F.peers > 1 AND F.broken_rule IS NULL AND P.broken_rule IS NULL
