-- The rows as they are, before they are graded again or deleted.
INSERT INTO prediction_accuracy_removed (
  `macro.EACH_COLUMN`, removal, removal_reason, removed_at, removed_by_grading_id, removed_by_run_id
)
SELECT macro.EACH_COLUMN(T), R.removal, R.reason, @now, @grading_id, @run_id
FROM prediction_accuracy AS T
JOIN (
  SELECT macro.ACCURACY_KEY(), 'changed' AS removal, 'regraded' AS reason
  FROM changed_grades
  UNION ALL
  SELECT macro.ACCURACY_KEY(), 'removed', reason
  FROM superseded_grades
) AS R ON macro.SAME_ACCURACY_KEY(T, R)
WHERE T.game_date BETWEEN @first_date AND @last_date AND T.game_date IN UNNEST(@game_dates)
