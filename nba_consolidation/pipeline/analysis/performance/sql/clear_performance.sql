-- Rows of the dates that are not as they have just been computed; all others stay, with their lineage.
DELETE FROM system_performance AS T
WHERE T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
  AND EXISTS (
    SELECT 1
    FROM (
      SELECT macro.EACH_COLUMN()
      FROM system_performance
      WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
      EXCEPT DISTINCT
      SELECT macro.EACH_COLUMN()
      FROM computed_performance
    ) AS outdated
    WHERE outdated.game_date = T.game_date
      AND outdated.system_id = T.system_id
      AND outdated.time_window = T.time_window
      AND outdated.sliced_by = T.sliced_by
      AND outdated.bucket = T.bucket
  )
