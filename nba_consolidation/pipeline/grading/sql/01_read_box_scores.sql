INSERT INTO box_scores (each_column)
SELECT each_column
FROM player_game_summary
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
