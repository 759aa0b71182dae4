-- The dates that have graded predictions.
SELECT DISTINCT game_date
FROM prediction_accuracy
WHERE game_date BETWEEN @first_date AND @last_date
ORDER BY game_date
