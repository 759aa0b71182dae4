-- Fails the transaction if the audited SELECT returns a row. The message has the number of rows and one of them.
SELECT IF(
  COUNT(*) = 0,
  TRUE,
  ERROR(CONCAT('audit failed: ', CAST(COUNT(*) AS STRING), ' row(s), for instance ', MIN(TO_JSON_STRING(finding))))
) AS passed
FROM audited AS finding
