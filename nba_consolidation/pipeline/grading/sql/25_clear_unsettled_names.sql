DELETE FROM unsettled_names
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
