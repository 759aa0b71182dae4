-- Audit: graded rows whose errors or outcome do not follow from their own values. Columns that an older grader left NULL do
-- not count.
SELECT macro.ACCURACY_KEY(), predicted_points, actual_points, signed_error, absolute_error, prediction_correct, outcome
FROM prediction_accuracy
WHERE game_date BETWEEN @first_date AND @last_date
  AND game_date IN UNNEST(@game_dates)
  AND (
    signed_error <> predicted_points - actual_points
    OR absolute_error <> ABS(predicted_points - actual_points)
    OR predicted_margin <> predicted_points - line_value
    OR actual_margin <> actual_points - line_value
    OR within_3_points <> (absolute_error <= 3)
    OR within_5_points <> (absolute_error <= 5)
    OR prediction_correct <> ((actual_points > line_value) = (recommendation = 'OVER'))
    OR (prediction_correct IS NOT NULL AND (is_voided OR line_value IS NULL OR actual_points = line_value))
    OR (prediction_correct IS NOT NULL AND recommendation NOT IN ('OVER', 'UNDER'))
    OR (outcome IN ('correct', 'wrong')) <> (prediction_correct IS NOT NULL)
    OR (outcome = 'voided') <> is_voided
  )
ORDER BY macro.ACCURACY_KEY(), predicted_points, actual_points, signed_error, absolute_error, prediction_correct, outcome
