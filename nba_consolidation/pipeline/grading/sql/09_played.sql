-- The games that have any box score: played, and so final. Whoever has none in them did not play.
CREATE TEMP TABLE played AS
SELECT
  game_date,
  box_score_key,
  MIN(game_key) AS game_key,
  MIN(game_id) AS game_id,
  MIN(tip_off_at) AS tip_off_at
FROM keyed_box_scores
GROUP BY game_date, box_score_key
