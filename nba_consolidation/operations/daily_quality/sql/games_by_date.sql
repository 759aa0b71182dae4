-- The dates on which games were played, as the box scores have them: an off-day is no alarm.
SELECT game_date, COUNT(DISTINCT game_id) AS games
FROM player_game_summary
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date
ORDER BY game_date
