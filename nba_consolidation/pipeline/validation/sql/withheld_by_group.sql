-- Predictions that are withheld because their confidence is not on the scale of their group.
SELECT
  game_date, system_id, batch_id, COUNT(*) AS withheld_rows,
  MIN(confidence_score) AS lowest, MAX(confidence_score) AS highest, MIN(player_lookup) AS one_player, MIN(reason) AS reason
FROM withheld_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date, system_id, batch_id
ORDER BY game_date, system_id, batch_id
