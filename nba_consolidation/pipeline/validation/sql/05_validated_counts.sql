SELECT
  game_date,
  COUNT(*) AS validated_rows,
  COUNTIF(confidence_scale = 'percent') AS percent_scale_rows,
  COUNTIF(current_points_line IS NULL) AS without_line,
  COUNT(DISTINCT player_lookup) AS players,
  COUNT(DISTINCT system_id) AS systems
FROM validated_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date
ORDER BY game_date
