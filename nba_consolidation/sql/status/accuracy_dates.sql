-- What is graded, by date.
SELECT game_date, COUNT(*) AS graded_rows
FROM prediction_accuracy
WHERE game_date BETWEEN @first_date AND @last_date
GROUP BY game_date
ORDER BY game_date
