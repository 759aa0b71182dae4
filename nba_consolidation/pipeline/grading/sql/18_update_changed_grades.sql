UPDATE prediction_accuracy AS T
SET
  macro.EACH_COLUMN = macro.EACH_COLUMN(R),
  graded_at = @now,
  grading_id = @grading_id,
  lease_token = L.token,
  run_id = @run_id
FROM changed_grades AS R
JOIN leases AS L ON L.game_date = R.game_date
WHERE macro.SAME_ACCURACY_KEY(T, R)
  AND NOT R.is_new
  AND T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
