-- The validated predictions that stand graded, now or from an earlier grading whose box scores are gone; what an older
-- grader left says its outcome in other columns.
CREATE TEMP TABLE settled AS
SELECT
  V.game_date,
  V.game_id,
  V.player_lookup,
  V.system_id,
  CASE
    WHEN T.outcome IS NOT NULL THEN T.outcome
    WHEN T.is_voided THEN 'voided'
    WHEN T.prediction_correct IS NOT NULL THEN IF(T.prediction_correct, 'correct', 'wrong')
    WHEN T.recommendation NOT IN ('OVER', 'UNDER') THEN 'passed'
    WHEN T.actual_points = T.line_value THEN 'push'
    ELSE 'not_a_bet'
  END AS outcome
FROM verdicts AS V
JOIN prediction_accuracy AS T
  ON T.game_date = V.game_date
  AND T.game_id = V.game_id
  AND T.player_lookup = V.player_lookup
  AND T.system_id = V.system_id
  AND T.line_value IS NOT DISTINCT FROM V.current_points_line
WHERE T.game_date BETWEEN @first_date AND @last_date AND T.game_date IN UNNEST(@game_dates)
