-- The pairs of names that a person has to settle.
INSERT INTO unsettled_names (
  game_date, game_id, player_lookup, box_score_player, predictions, lease_token, run_id, found_at
)
SELECT V.game_date, V.game_id, V.player_lookup, V.similar_name, COUNT(*), MAX(L.token), @run_id, @now
FROM grades AS V
JOIN leases AS L ON L.game_date = V.game_date
WHERE V.outcome_reason = 'similar_box_score_name'
GROUP BY V.game_date, V.game_id, V.player_lookup, V.similar_name
