-- By date, the current rows of the performance tables, and how many of them this transaction wrote.
SELECT game_date, COUNT(*) AS total_rows, COUNTIF(performance_id = @performance_id) AS written_rows
FROM (
  SELECT game_date, performance_id FROM system_performance
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  UNION ALL
  SELECT game_date, performance_id FROM confidence_calibration
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  UNION ALL
  SELECT game_date, performance_id FROM calibration_scores
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
)
GROUP BY game_date
ORDER BY game_date
