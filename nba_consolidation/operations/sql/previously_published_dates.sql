-- The rows of validated_predictions that a previous version wrote for consumers, by date. Only that version wrote a
-- calibrated confidence there.
SELECT game_date, COUNT(*) AS published_rows
FROM validated_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND calibrated_confidence IS NOT NULL
GROUP BY game_date
ORDER BY game_date
