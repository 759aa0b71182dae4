-- Rows of the dates that are not as they have just been computed; all others stay, with their lineage.
DELETE FROM player_reliability AS T
WHERE T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
  AND EXISTS (
    SELECT 1
    FROM (
      SELECT macro.EACH_COLUMN()
      FROM player_reliability
      WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
      EXCEPT DISTINCT
      SELECT macro.EACH_COLUMN()
      FROM computed_reliability
    ) AS outdated
    WHERE outdated.game_date = T.game_date AND outdated.player_lookup = T.player_lookup
  )
