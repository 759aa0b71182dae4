-- A player who is active in two games of one date for one system: as a rule the same game under two game_ids
-- (incident 33). Reported, and no reason to stop.
SELECT game_date, player_lookup, system_id, COUNT(DISTINCT game_id) AS games, MIN(game_id) AS one, MAX(game_id) AS other
FROM player_prop_predictions
WHERE is_active AND game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date, player_lookup, system_id
HAVING COUNT(DISTINCT game_id) > 1
ORDER BY game_date, player_lookup, system_id
