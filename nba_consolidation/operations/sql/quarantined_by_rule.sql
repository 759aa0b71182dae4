-- Quarantined rows by the rule that they broke. Where a reason names a value, one of the reasons.
SELECT
  column_name, rule,
  IF(COUNT(DISTINCT reason) = 1, MIN(reason), CONCAT('for instance: ', MIN(reason))) AS reason,
  COUNT(*) AS quarantined, COUNT(DISTINCT staging_table) AS staging_tables,
  MIN(game_date) AS first_date, MAX(game_date) AS last_date
FROM quarantined_predictions
WHERE game_date BETWEEN @first_date AND @last_date
GROUP BY column_name, rule
ORDER BY COUNT(*) DESC, column_name, rule
