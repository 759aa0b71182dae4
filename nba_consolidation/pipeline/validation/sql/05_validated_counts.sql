SELECT
  game_date,
  COUNTIF(confidence_scale IS NOT NULL) AS validated_rows,
  COUNTIF(confidence_scale = 'percent') AS percent_scale_rows,
  COUNTIF(confidence_scale IS NOT NULL AND current_points_line IS NULL) AS without_line,
  COUNTIF(confidence_scale IS NULL) AS withheld_rows,
  COUNT(DISTINCT IF(confidence_scale IS NULL, NULL, player_lookup)) AS players,
  COUNT(DISTINCT IF(confidence_scale IS NULL, NULL, system_id)) AS systems
FROM (
  SELECT game_date, confidence_scale, current_points_line, player_lookup, system_id
  FROM validated_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  UNION ALL
  SELECT game_date, NULL, current_points_line, player_lookup, system_id
  FROM withheld_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
)
GROUP BY game_date
ORDER BY game_date
