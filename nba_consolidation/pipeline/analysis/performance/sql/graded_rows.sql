-- Every graded row of the dates as whole numbers, so that any sum of them is exact in any order.
-- A confidence outside 0 to 1 is in no bin (0), as a row without a line is in no bucket of edges (0).
CREATE TEMP TABLE graded_rows AS
SELECT
  game_date,
  system_id,
  became AS outcome,
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
  IF(became <> 'voided', CAST((predicted_points - actual_points) * 10 AS INT64), NULL) AS error_tenths
FROM (
  SELECT
    *,
    macro.OUTCOME(T) AS became
  FROM prediction_accuracy AS T
  WHERE game_date BETWEEN @first_date AND @last_date
)
WHERE became IS NOT NULL
