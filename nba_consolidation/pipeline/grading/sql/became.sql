-- What BECAME(T) stands for: the outcome of a row of prediction_accuracy. A grader of long ago said it in other columns;
-- a row that it had no points for is not graded, and became nothing.
SELECT
  COALESCE(
    outcome,
    CASE
      WHEN is_voided THEN 'voided'
      WHEN actual_points IS NULL THEN NULL
      WHEN COALESCE(recommendation, 'PASS') NOT IN ('OVER', 'UNDER') THEN 'passed'
      WHEN prediction_correct THEN 'correct'
      WHEN NOT prediction_correct THEN 'wrong'
      WHEN line_value = actual_points THEN 'push'
      ELSE 'not_a_bet'
    END
  ) AS became
FROM prediction_accuracy
WHERE game_date BETWEEN @first_date AND @last_date
