DELETE FROM macro.TABLE
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND run_id = @restored_run_id
