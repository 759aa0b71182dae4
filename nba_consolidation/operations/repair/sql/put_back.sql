-- The rows that the run removed or changed, as they were.
INSERT INTO prediction_accuracy (`macro.EACH_COLUMN`)
SELECT macro.EACH_COLUMN(K)
FROM prediction_accuracy_removed AS K
WHERE K.game_date BETWEEN @first_date AND @last_date AND K.game_date IN UNNEST(@game_dates)
  AND K.removed_by_run_id = @restored_run_id
  AND K.run_id IS DISTINCT FROM @restored_run_id
