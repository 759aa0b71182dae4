-- A player who is graded for more than one line of one system in one game: joins without the line fan out
-- (incident 32).
SELECT game_date, game_id, player_lookup, system_id, COUNT(*) AS graded_lines, MIN(line_value) AS lowest_line, MAX(line_value) AS highest_line
FROM prediction_accuracy
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date, game_id, player_lookup, system_id
HAVING COUNT(*) > 1
ORDER BY game_date, game_id, player_lookup, system_id
