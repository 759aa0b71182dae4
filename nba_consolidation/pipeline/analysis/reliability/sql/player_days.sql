-- What each player did on each date, over enabled systems, in whole numbers, so that sums are exact in any order. A player
-- plays one game per date, so bets of one date depend on one score, whatever the game id.
SELECT
  G.game_date,
  L.player_key AS player_lookup,
  COUNTIF(G.derived_outcome IN ('correct', 'wrong')) AS bets,
  COUNTIF(G.derived_outcome = 'correct') AS correct,
  COUNTIF(G.derived_outcome = 'push') AS push,
  COUNTIF(G.derived_outcome = 'passed') AS passed,
  COUNTIF(G.derived_outcome IN ('correct', 'wrong') AND G.edge >= @edge) AS edge_bets,
  COUNTIF(G.derived_outcome = 'correct' AND G.edge >= @edge) AS edge_correct,
  COUNTIF(G.derived_outcome IN ('correct', 'wrong') AND G.confidence_micros IS NOT NULL) AS confident_bets,
  COUNTIF(G.derived_outcome = 'correct' AND G.confidence_micros IS NOT NULL) AS confident_correct,
  CAST(COALESCE(SUM(IF(G.derived_outcome IN ('correct', 'wrong'), G.confidence_micros, NULL)), 0) AS INT64) AS confidence_micros,
  COUNT(G.margin_tenths) AS margin_bets,
  CAST(COALESCE(SUM(G.margin_tenths), 0) AS INT64) AS margin_tenths,
  COUNT(G.error_tenths) AS compared,
  CAST(COALESCE(SUM(G.error_tenths), 0) AS INT64) AS error_tenths,
  MAX(IF(G.error_tenths IS NULL, NULL, G.actual_points)) AS points
FROM (
  SELECT
    game_date,
    player_lookup,
    actual_points,
    derived_outcome,
    ABS(predicted_points - line_value) AS edge,
    IF(confidence_score BETWEEN 0 AND 1, CAST(confidence_score * 1000000 AS INT64), NULL) AS confidence_micros,
    IF(
      derived_outcome IN ('correct', 'wrong', 'push'),
      CAST((actual_points - line_value) * CASE recommendation WHEN 'OVER' THEN 10 WHEN 'UNDER' THEN -10 END AS INT64),
      NULL
    ) AS margin_tenths,
    IF(derived_outcome <> 'voided', CAST((predicted_points - actual_points) * 10 AS INT64), NULL) AS error_tenths
  FROM (
    SELECT
      *,
      macro.OUTCOME(T) AS derived_outcome
    FROM prediction_accuracy AS T
    WHERE game_date BETWEEN @first_date AND @last_date
      AND NOT COALESCE(system_id IN UNNEST(@disabled_systems), FALSE)
  )
  WHERE derived_outcome IS NOT NULL
) AS G
JOIN (
  SELECT player_lookup, macro.PLAYER_KEY(player_lookup) AS player_key
  FROM (
    SELECT DISTINCT player_lookup
    FROM prediction_accuracy
    WHERE game_date BETWEEN @first_date AND @last_date
  )
) AS L ON L.player_lookup = G.player_lookup
GROUP BY G.game_date, L.player_key
ORDER BY L.player_key, G.game_date
