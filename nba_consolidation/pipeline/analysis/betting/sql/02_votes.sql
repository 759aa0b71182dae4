-- Every bet that was won, lost or pushed, under the folded name of its player, in whole numbers.
CREATE TEMP TABLE votes AS
SELECT
  G.game_date,
  G.system_id,
  L.player_key,
  G.line_value,
  G.recommendation = 'OVER' AS is_over,
  G.derived_outcome = 'correct' AS won,
  G.derived_outcome <> 'push' AS decided,
  IF(G.confidence_score BETWEEN 0 AND 1, CAST(G.confidence_score * 1000000 AS INT64), NULL) AS confidence_micros,
  CAST(ABS(G.predicted_points - G.line_value) * 10 AS INT64) AS edge_tenths,
  F.player_lookup IS NOT NULL AS flagged
FROM (
  SELECT
    *,
    macro.OUTCOME(T) AS derived_outcome
  FROM prediction_accuracy AS T
  WHERE game_date BETWEEN @first_date AND @last_date
) AS G
JOIN (
  SELECT player_lookup, macro.PLAYER_KEY(player_lookup) AS player_key
  FROM (
    SELECT DISTINCT player_lookup
    FROM prediction_accuracy
    WHERE game_date BETWEEN @first_date AND @last_date
  )
) AS L ON L.player_lookup = G.player_lookup
LEFT JOIN flagged_players AS F ON F.game_date = G.game_date AND F.player_lookup = L.player_key
WHERE G.derived_outcome IN ('correct', 'wrong', 'push')
