-- The games that have any box score: played, and so final. Whoever has none in them did not play.
CREATE TEMP TABLE played AS
SELECT G.game_date, G.game_key, MIN(B.game_id) AS game_id, MIN(B.tip_off_at) AS tip_off_at
FROM box_scores AS B
JOIN games AS G ON G.game_date = B.game_date AND G.game_id = B.game_id
GROUP BY G.game_date, G.game_key
