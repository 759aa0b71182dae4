-- Deletes all rows of the dates.
DELETE FROM macro.TABLE
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
