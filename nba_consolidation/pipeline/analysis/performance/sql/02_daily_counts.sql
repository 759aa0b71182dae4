-- Counts of each system and date: of all rows, by bin of confidence, and by bucket of edge.
SELECT
  game_date,
  system_id,
  CASE WHEN confidence_bin IS NOT NULL THEN 'confidence' WHEN edge_bucket IS NOT NULL THEN 'edge' ELSE 'all' END
    AS sliced_by,
  COALESCE(confidence_bin, edge_bucket, 0) AS bucket,
  COUNT(*) AS graded,
  COUNTIF(outcome = 'correct') AS correct,
  COUNTIF(outcome = 'wrong') AS wrong,
  COUNTIF(outcome = 'push') AS push,
  COUNTIF(outcome = 'passed') AS passed,
  COUNTIF(outcome = 'not_a_bet') AS not_a_bet,
  COUNTIF(outcome = 'voided') AS voided,
  COUNT(error_tenths) AS compared,
  CAST(COALESCE(SUM(ABS(error_tenths)), 0) AS INT64) AS absolute_error_tenths,
  CAST(COALESCE(SUM(error_tenths), 0) AS INT64) AS error_tenths,
  CAST(COALESCE(SUM(IF(outcome IN ('correct', 'wrong'), confidence_micros, NULL)), 0) AS INT64) AS confidence_micros
FROM graded_rows
GROUP BY GROUPING SETS ((game_date, system_id), (game_date, system_id, confidence_bin), (game_date, system_id, edge_bucket))
