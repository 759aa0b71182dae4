-- Audit: graded confidences outside 0 to 1, by system (incident 37).
SELECT game_date, system_id, COUNT(*) AS copies, MIN(confidence_score) AS lowest, MAX(confidence_score) AS highest
FROM prediction_accuracy
WHERE game_date BETWEEN @first_date AND @last_date
  AND game_date IN UNNEST(@game_dates)
  AND confidence_score NOT BETWEEN 0 AND 1
GROUP BY game_date, system_id
ORDER BY game_date, system_id
