-- Among rows equal in created_at and prediction_id the one with the largest content wins: any rule will do that
-- does not depend on which table was listed first. An invalidated row comes before its twin that is not.
UPDATE newest AS N
SET staging_table_number = W.staging_table_number, staging_row = W.staging_row
FROM (
  SELECT C.business_key, C.staging_table_number, C.staging_row
  FROM newest AS P
  JOIN candidates AS C
    ON SAME_KEY(C, P) AND C.created_at = P.created_at AND C.prediction_id = P.prediction_id
  JOIN staged AS S ON S.staging_table_number = C.staging_table_number AND S.staging_row = C.staging_row
  WHERE P.peers > 1 AND C.broken_rule IS NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY C.business_key
    ORDER BY
      TO_JSON_STRING(STRUCT(S.invalidated_at IS NOT NULL AS invalidated, S.each_column AS each_column)) DESC,
      C.staging_table_number DESC, C.staging_row DESC
  ) = 1
) AS W
WHERE SAME_KEY(N, W)
