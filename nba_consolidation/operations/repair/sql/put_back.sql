-- The rows that the run removed or changed, as they were.
INSERT INTO macro.TABLE (`macro.EACH_COLUMN`)
SELECT macro.EACH_COLUMN(K)
FROM macro.REMOVED AS K
WHERE K.game_date BETWEEN @first_date AND @last_date AND K.game_date IN UNNEST(@game_dates)
  AND K.removed_by_run_id = @restored_run_id
  AND K.run_id IS DISTINCT FROM @restored_run_id
