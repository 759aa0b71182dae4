-- A few rows of each date, those that were written last first.
SELECT
  game_date, player_lookup, game_id, system_id, current_points_line, predicted_points, confidence_score,
  recommendation, prediction_version, is_active, staging_table
FROM player_prop_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date ORDER BY updated_at DESC, player_lookup, system_id, game_id, current_points_line) <= @rows
ORDER BY game_date, player_lookup, system_id, game_id, current_points_line
