DELETE FROM published_predictions
WHERE game_date BETWEEN @first_date AND @last_date
  AND game_date IN UNNEST(@game_dates)
  AND game_date IN (SELECT game_date FROM dates_to_publish)
