-- The canonical names of the players with a prediction or a grade of a range of dates, or with an override.
SELECT DISTINCT macro.PLAYER_KEY(player_lookup) AS player_key
FROM (
  SELECT player_lookup FROM player_prop_predictions WHERE game_date BETWEEN @first_date AND @last_date
  UNION ALL
  SELECT player_lookup FROM prediction_accuracy WHERE game_date BETWEEN @first_date AND @last_date
  UNION ALL
  SELECT player_lookup FROM player_overrides
)
WHERE player_lookup IS NOT NULL
ORDER BY player_key
