-- Deletes the archived rows that were put back.
DELETE FROM macro.REMOVED
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND removed_by_run_id = @restored_run_id
  AND run_id IS DISTINCT FROM @restored_run_id
