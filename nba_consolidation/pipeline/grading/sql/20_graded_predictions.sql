-- Validated predictions with a grade, from now or from an earlier grading whose box scores disappeared.
CREATE TEMP TABLE graded_predictions AS
SELECT
  V.game_date,
  V.game_id,
  V.player_lookup,
  V.system_id,
  macro.OUTCOME(T) AS outcome
FROM grades AS V
JOIN prediction_accuracy AS T
  ON T.game_date = V.game_date
  AND T.game_id = V.game_id
  AND T.player_lookup = V.player_lookup
  AND T.system_id = V.system_id
  AND T.line_value IS NOT DISTINCT FROM V.current_points_line
WHERE T.game_date BETWEEN @first_date AND @last_date AND T.game_date IN UNNEST(@game_dates)
  AND macro.OUTCOME(T) IS NOT NULL
