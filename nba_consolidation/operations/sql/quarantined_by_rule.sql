-- What was set aside, by the rule that it broke.
SELECT
  column_name, rule, reason,
  COUNT(*) AS quarantined, COUNT(DISTINCT staging_table) AS staging_tables,
  MIN(game_date) AS first_date, MAX(game_date) AS last_date
FROM quarantined_predictions
WHERE game_date BETWEEN @first_date AND @last_date
GROUP BY column_name, rule, reason
ORDER BY COUNT(*) DESC, column_name, rule, reason
