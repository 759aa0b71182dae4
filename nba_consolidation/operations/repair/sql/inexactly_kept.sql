-- Archived rows that differ from the original, because prediction_accuracy_removed has a column of a narrower type. There must
-- be none.
SELECT macro.EACH_COLUMN()
FROM prediction_accuracy_removed
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND removed_by_grading_id = @grading_id
EXCEPT DISTINCT
SELECT macro.EACH_COLUMN()
FROM accuracy_versions
ORDER BY macro.EACH_COLUMN()
