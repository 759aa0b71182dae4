-- Predicted players without a box score, each with the most similar name among the box scores of their game that match no
-- prediction. Created empty.
CREATE TEMP TABLE similar_names AS
SELECT
  CAST(NULL AS DATE) AS game_date,
  CAST(NULL AS STRING) AS box_score_key,
  CAST(NULL AS STRING) AS player_key,
  CAST(NULL AS STRING) AS box_score_player
LIMIT 0
