-- The view `bets`: every graded bet, and what consumers read of it. The line tells a bet from one on an earlier line.
SELECT
  A.game_date,
  A.game_id,
  A.player_lookup,
  A.team_abbr,
  A.opponent_team_abbr,
  A.system_id,
  A.model_version,
  A.recommendation,
  A.line_value,
  A.line_bookmaker,
  A.predicted_points,
  A.predicted_margin AS edge,
  A.confidence_score AS confidence,
  P.calibrated_confidence,
  P.is_actionable,
  P.filter_reason,
  A.actual_points,
  A.minutes_played,
  A.outcome,
  A.prediction_correct AS won,
  CASE A.outcome WHEN 'correct' THEN CAST(100 AS FLOAT64) / 110 WHEN 'wrong' THEN CAST(-1 AS FLOAT64) ELSE CAST(0 AS FLOAT64) END
    AS units_won
FROM prediction_accuracy AS A
LEFT JOIN published_predictions AS P
  ON P.game_date = A.game_date AND P.game_id = A.game_id AND P.player_lookup = A.player_lookup
  AND P.system_id = A.system_id AND P.current_points_line = A.line_value
WHERE A.outcome IN ('correct', 'wrong', 'push')
