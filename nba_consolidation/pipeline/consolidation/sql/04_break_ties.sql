-- Of tied versions the one with the largest content ranks first. Any rule would do that does not depend on the order in
-- which tables are listed.
UPDATE staged_versions AS V
SET version_rank = R.version_rank
FROM (
  SELECT
    T.staging_table_number,
    T.staging_row,
    ROW_NUMBER() OVER (
      PARTITION BY macro.BUSINESS_KEY(T)
      ORDER BY macro.ROW_AS_JSON(S) DESC, T.staging_table_number DESC, T.staging_row DESC
    ) AS version_rank
  FROM tied_versions AS T
  JOIN staged AS S ON S.staging_table_number = T.staging_table_number AND S.staging_row = T.staging_row
) AS R
WHERE V.staging_table_number = R.staging_table_number AND V.staging_row = R.staging_row
