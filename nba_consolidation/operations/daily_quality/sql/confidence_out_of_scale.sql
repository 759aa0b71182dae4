-- Confidences that no reader can use: stored ones below 0 or above 100, withheld ones that do not fit the scale of their
-- group, graded ones outside 0 to 1 (incident 37).
SELECT 'player_prop_predictions' AS source, game_date, system_id, COUNT(*) AS out_of_scale,
  MIN(confidence_score) AS lowest, MAX(confidence_score) AS highest
FROM player_prop_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND confidence_score NOT BETWEEN 0 AND 100
GROUP BY game_date, system_id
UNION ALL
SELECT 'validated_predictions' AS source, game_date, system_id, COUNT(*) AS out_of_scale,
  MIN(confidence) AS lowest, MAX(confidence) AS highest
FROM validated_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND confidence NOT BETWEEN 0 AND 1
GROUP BY game_date, system_id
UNION ALL
SELECT 'withheld_predictions' AS source, game_date, system_id, COUNT(*) AS out_of_scale,
  MIN(confidence_score) AS lowest, MAX(confidence_score) AS highest
FROM withheld_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date, system_id
UNION ALL
SELECT 'prediction_accuracy' AS source, game_date, system_id, COUNT(*) AS out_of_scale,
  MIN(confidence_score) AS lowest, MAX(confidence_score) AS highest
FROM prediction_accuracy
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND confidence_score NOT BETWEEN 0 AND 1
GROUP BY game_date, system_id
ORDER BY source, game_date, system_id
