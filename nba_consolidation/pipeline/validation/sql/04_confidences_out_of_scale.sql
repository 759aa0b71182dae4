-- Validated confidences that are not between 0 and 1, because the declared scale of a system is wrong. There must be none.
SELECT game_date, system_id, COUNT(*) AS copies, MIN(confidence) AS lowest, MAX(confidence) AS highest
FROM validated_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND confidence NOT BETWEEN 0 AND 1
GROUP BY game_date, system_id
ORDER BY game_date, system_id
