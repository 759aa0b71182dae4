-- Deletes all rows of the dates that need a repair, because identical copies cannot be deleted one by one.
DELETE FROM macro.TABLE
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND game_date IN (SELECT B.game_date FROM repair_before AS B WHERE B.to_repair > 0)
