-- The pairs of names that wait for a decision, by date.
SELECT game_date, game_id, player_lookup, box_score_player, predictions
FROM unsettled_names
WHERE game_date BETWEEN @first_date AND @last_date
ORDER BY game_date, game_id, player_lookup, box_score_player
