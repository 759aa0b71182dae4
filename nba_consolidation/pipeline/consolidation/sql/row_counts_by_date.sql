-- The rows of each date, and those of them that are active.
SELECT game_date, COUNT(*) AS total_rows, COUNTIF(is_active) AS active_rows
FROM player_prop_predictions
WHERE game_date BETWEEN @first_date AND @last_date
GROUP BY game_date
ORDER BY game_date
