-- Audit: keys with more than one graded row; NULL lines are equal.
SELECT macro.ACCURACY_KEY(), COUNT(*) AS copies
FROM prediction_accuracy
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY macro.ACCURACY_KEY()
HAVING COUNT(*) > 1
ORDER BY macro.ACCURACY_KEY()
