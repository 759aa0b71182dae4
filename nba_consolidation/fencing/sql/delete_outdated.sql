-- Deletes the rows of the dates that are not as computed. All others stay, with their lineage.
DELETE FROM macro.TABLE AS T
WHERE T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
  AND EXISTS (
    SELECT 1
    FROM (
      SELECT macro.EACH_COLUMN()
      FROM macro.TABLE
      WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
      EXCEPT DISTINCT
      SELECT macro.EACH_COLUMN()
      FROM macro.COMPUTED
    ) AS outdated
    WHERE macro.SAME_PRIMARY_KEY(outdated, T)
  )
