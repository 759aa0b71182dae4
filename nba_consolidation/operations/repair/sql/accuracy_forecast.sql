-- The rows that would remain after a repair, by date that needs one and system.
SELECT
  V.game_date,
  V.system_id,
  COUNT(*) AS total_rows,
  COUNTIF(R.change_reason IS NOT NULL) AS normalised,
  COUNT(V.actual_points) AS graded,
  COUNT(V.prediction_correct) AS bets,
  COUNTIF(V.prediction_correct IS TRUE) AS correct
FROM repair_versions AS V
JOIN repair_ranks AS R ON R.version_id = V.version_id
WHERE R.version_rank = 1
GROUP BY V.game_date, V.system_id
ORDER BY V.game_date, V.system_id
