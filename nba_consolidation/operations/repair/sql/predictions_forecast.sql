-- The rows that would remain after a repair, by date that needs one and system.
SELECT
  R.game_date,
  R.system_id,
  COUNT(*) AS total_rows,
  COUNTIF(IF(R.change_reason IS NULL, V.is_active, R.is_active)) AS active_rows,
  COUNTIF(R.change_reason IS NOT NULL) AS changed
FROM repair_versions AS V
JOIN repair_ranks AS R ON R.version_id = V.version_id
WHERE R.version_rank = 1
GROUP BY R.game_date, R.system_id
ORDER BY R.game_date, R.system_id
