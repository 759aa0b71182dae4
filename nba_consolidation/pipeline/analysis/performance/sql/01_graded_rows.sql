-- Every graded row of the dates in whole numbers, so that sums are exact in any order.
-- A confidence outside 0 to 1 has the bin 0, and a row without a line the bucket of edge 0.
CREATE TEMP TABLE graded_rows AS
SELECT
  game_date,
  system_id,
  derived_outcome AS outcome,
  IF(confidence_score BETWEEN 0 AND 1, CAST(confidence_score * 1000000 AS INT64), NULL) AS confidence_micros,
  IF(confidence_score BETWEEN 0 AND 1, LEAST(10, CAST(FLOOR(confidence_score * 10) AS INT64) + 1), 0) AS confidence_bin,
  CASE
    WHEN line_value IS NULL OR predicted_points IS NULL THEN 0
    WHEN ABS(predicted_points - line_value) < @edge_bound_1 THEN 1
    WHEN ABS(predicted_points - line_value) < @edge_bound_2 THEN 2
    WHEN ABS(predicted_points - line_value) < @edge_bound_3 THEN 3
    WHEN ABS(predicted_points - line_value) < @edge_bound_4 THEN 4
    ELSE 5
  END AS edge_bucket,
  IF(derived_outcome <> 'voided', CAST((predicted_points - actual_points) * 10 AS INT64), NULL) AS error_tenths
FROM (
  SELECT
    *,
    macro.OUTCOME(T) AS derived_outcome
  FROM prediction_accuracy AS T
  WHERE game_date BETWEEN @first_date AND @last_date
)
WHERE derived_outcome IS NOT NULL
