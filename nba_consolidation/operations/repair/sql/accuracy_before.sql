-- What stands before a repair, by date and system, and what there is to repair. The scale of a confidence is the one
-- declared for its system; else a group (system, game date) whose largest confidence is above 1 is in percent (incident
-- 37). Only rows that no fenced transaction wrote are judged: what we wrote ourselves is between 0 and 1.
CREATE TEMP TABLE accuracy_before AS
SELECT
  game_date,
  system_id,
  total_rows,
  total_rows - accuracy_keys AS duplicates,
  is_percent,
  IF(is_percent, unfenced, 0) AS percent_scale_rows,
  graded,
  bets,
  correct
FROM (
  SELECT
    game_date,
    system_id,
    CAST(SUM(copies) AS INT64) AS total_rows,
    COUNT(*) AS accuracy_keys,
    CASE
      WHEN system_id IS NULL THEN FALSE
      WHEN system_id IN UNNEST(@percent_systems) THEN TRUE
      WHEN system_id IN UNNEST(@fraction_systems) THEN FALSE
      ELSE COALESCE(MAX(highest) > 1, FALSE)
    END AS is_percent,
    CAST(SUM(unfenced) AS INT64) AS unfenced,
    CAST(SUM(graded) AS INT64) AS graded,
    CAST(SUM(bets) AS INT64) AS bets,
    CAST(SUM(correct) AS INT64) AS correct
  FROM (
    SELECT
      macro.ACCURACY_KEY(),
      COUNT(*) AS copies,
      MAX(IF(grading_id IS NULL, confidence_score, NULL)) AS highest,
      COUNTIF(grading_id IS NULL AND COALESCE(confidence_score, 0) <> 0) AS unfenced,
      COUNT(actual_points) AS graded,
      COUNT(prediction_correct) AS bets,
      COUNTIF(prediction_correct IS TRUE) AS correct
    FROM prediction_accuracy
    WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
    GROUP BY macro.ACCURACY_KEY()
  )
  GROUP BY game_date, system_id
)
