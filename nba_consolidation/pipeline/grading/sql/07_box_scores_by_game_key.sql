-- The box scores by each of their two keys: the id of the game, and its teams.
CREATE TEMP TABLE box_scores_by_game_key AS
SELECT B.*, G.game_key, G.game_id AS box_score_key, P.player_key
FROM box_scores AS B
JOIN games AS G ON G.game_date = B.game_date AND G.game_id = B.game_id
JOIN player_keys AS P ON P.player_lookup = B.player_lookup
UNION ALL
SELECT B.*, G.game_key, G.game_key AS box_score_key, P.player_key
FROM box_scores AS B
JOIN games AS G ON G.game_date = B.game_date AND G.game_id = B.game_id
JOIN player_keys AS P ON P.player_lookup = B.player_lookup
WHERE G.game_key <> G.game_id
