INSERT INTO similar_names (game_date, box_score_key, player_key, box_score_player)
SELECT game_date, box_score_key, player_key, box_score_player
FROM UNNEST(@similar_names)
