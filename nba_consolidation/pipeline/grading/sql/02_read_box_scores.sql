INSERT INTO box_scores (`macro.EACH_COLUMN`)
SELECT macro.EACH_COLUMN()
FROM player_game_summary
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
