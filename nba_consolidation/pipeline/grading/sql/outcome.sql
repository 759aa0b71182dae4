-- The outcome of a row of prediction_accuracy. Older graders stored it in other columns; a row without points is not graded
-- and has none.
CREATE TEMP FUNCTION OUTCOME(T ANY TYPE) AS (
  COALESCE(
    T.outcome,
    CASE
      WHEN T.is_voided THEN 'voided'
      WHEN T.actual_points IS NULL THEN NULL
      WHEN COALESCE(T.recommendation, 'PASS') NOT IN ('OVER', 'UNDER') THEN 'passed'
      WHEN T.prediction_correct THEN 'correct'
      WHEN NOT T.prediction_correct THEN 'wrong'
      WHEN T.line_value = T.actual_points THEN 'push'
      ELSE 'not_a_bet'
    END
  )
)
