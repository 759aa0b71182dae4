-- Deletes all rows of the dates that need a repair, because identical copies cannot be deleted one by one.
DELETE FROM prediction_accuracy
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND game_date IN (SELECT B.game_date FROM accuracy_before AS B WHERE B.duplicates > 0 OR B.percent_scale_rows > 0)
