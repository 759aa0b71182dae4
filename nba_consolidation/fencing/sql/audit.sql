-- Fails the transaction if the audited SELECT returns a row, and says how many and one of them.
SELECT IF(
  COUNT(*) = 0,
  TRUE,
  ERROR(CONCAT('audit failed: ', CAST(COUNT(*) AS STRING), ' found, for instance ', MIN(TO_JSON_STRING(found))))
) AS passed
FROM audited AS found
