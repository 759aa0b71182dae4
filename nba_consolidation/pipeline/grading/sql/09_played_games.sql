-- Games with at least one box score: they were played and are final. A player without a box score in them did not play.
CREATE TEMP TABLE played_games AS
SELECT
  game_date,
  box_score_key,
  MIN(game_key) AS game_key,
  MIN(game_id) AS game_id,
  MIN(tip_off_at) AS tip_off_at
FROM box_scores_by_game_key
GROUP BY game_date, box_score_key
