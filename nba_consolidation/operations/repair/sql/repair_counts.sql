-- The counts of a repair, by date that needed one; each is counted in the table that it is about.
CREATE TEMP TABLE repair_counts AS
SELECT
  B.game_date,
  B.total_before,
  COALESCE(K.removed, 0) AS removed,
  COALESCE(K.changed, 0) AS changed,
  COALESCE(A.total_rows, 0) AS total_rows,
  COALESCE(A.updated, 0) AS updated
FROM (
  SELECT
    game_date,
    CAST(SUM(total_rows) AS INT64) AS total_before,
    SUM(duplicates) > 0 OR SUM(percent_scale_rows) > 0 AS needed
  FROM accuracy_before
  GROUP BY game_date
) AS B
LEFT JOIN (
  SELECT game_date, COUNTIF(removal = 'removed') AS removed, COUNTIF(removal = 'changed') AS changed
  FROM prediction_accuracy_removed
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
    AND removed_by_grading_id = @grading_id
  GROUP BY game_date
) AS K ON K.game_date = B.game_date
LEFT JOIN (
  SELECT game_date, COUNT(*) AS total_rows, COUNTIF(grading_id IS NOT DISTINCT FROM @grading_id) AS updated
  FROM prediction_accuracy
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  GROUP BY game_date
) AS A ON A.game_date = B.game_date
WHERE B.needed
