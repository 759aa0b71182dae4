-- Among peers the one with the largest content wins: any rule will do that does not depend on which table was listed
-- first.
UPDATE candidates AS C
SET version_rank = W.version_rank
FROM (
  SELECT
    P.staging_table_number,
    P.staging_row,
    ROW_NUMBER() OVER (
      PARTITION BY macro.BUSINESS_KEY(P)
      ORDER BY
        macro.ROW_AS_JSON(S) DESC,
        P.staging_table_number DESC,
        P.staging_row DESC
    ) AS version_rank
  FROM peers AS P
  JOIN staged AS S ON S.staging_table_number = P.staging_table_number AND S.staging_row = P.staging_row
) AS W
WHERE C.staging_table_number = W.staging_table_number AND C.staging_row = W.staging_row
