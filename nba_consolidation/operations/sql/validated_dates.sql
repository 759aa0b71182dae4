-- The validated predictions, by date.
SELECT game_date, COUNT(*) AS validated_rows
FROM validated_predictions
WHERE game_date BETWEEN @first_date AND @last_date
GROUP BY game_date
ORDER BY game_date
