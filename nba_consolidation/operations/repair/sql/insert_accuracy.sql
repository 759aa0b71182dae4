-- Inserts the row of each key that stays. A confidence in percent is divided by 100, exactly, and rounded to the decimals of
-- its column. Only such a row gets a new lineage; all others are as they were.
INSERT INTO prediction_accuracy (
  `macro.EACH_COLUMN`, confidence_score, confidence_decile, grading_id, lease_token, run_id
)
SELECT
  macro.EACH_COLUMN(V),
  IF(V.rescaled, V.fraction, V.confidence_score),
  IF(V.rescaled, LEAST(10, CAST(FLOOR(V.fraction * 10) AS INT64) + 1), V.confidence_decile),
  IF(V.rescaled, @transaction_id, V.grading_id),
  IF(V.rescaled, L.token, V.lease_token),
  IF(V.rescaled, @run_id, V.run_id)
FROM (
  SELECT
    A.*,
    R.change_reason IS NOT NULL AS rescaled,
    ROUND(A.confidence_score * CAST('0.01' AS NUMERIC(3, 2)), @confidence_digits) AS fraction
  FROM repair_versions AS A
  JOIN repair_ranks AS R ON R.version_id = A.version_id
  WHERE R.version_rank = 1
) AS V
JOIN leases AS L ON L.game_date = V.game_date
