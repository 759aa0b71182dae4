-- The dates that have something to publish, or something published.
SELECT DISTINCT game_date
FROM (
  SELECT game_date
  FROM validated_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  UNION ALL
  SELECT game_date
  FROM published_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
)
ORDER BY game_date
