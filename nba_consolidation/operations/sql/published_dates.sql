-- The published predictions, by date.
SELECT game_date, COUNT(*) AS published_rows
FROM published_predictions
WHERE game_date BETWEEN @first_date AND @last_date
GROUP BY game_date
ORDER BY game_date
