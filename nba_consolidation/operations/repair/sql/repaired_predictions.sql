-- The rows after a repair, by date that needed one and system.
SELECT
  game_date,
  system_id,
  COUNT(*) AS total_rows,
  COUNTIF(is_active) AS active_rows,
  COUNTIF(consolidation_id IS NOT DISTINCT FROM @transaction_id) AS changed
FROM player_prop_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND game_date IN (SELECT C.game_date FROM repair_counts AS C)
GROUP BY game_date, system_id
ORDER BY game_date, system_id
