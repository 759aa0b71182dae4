DELETE FROM prediction_accuracy AS T
WHERE T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
  AND EXISTS (SELECT 1 FROM superseded_grades AS O WHERE macro.SAME_ACCURACY_KEY(T, O))
