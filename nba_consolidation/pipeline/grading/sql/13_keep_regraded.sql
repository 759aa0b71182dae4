-- The rows as they are, before they are graded anew.
INSERT INTO prediction_accuracy_removed (
  each_column, removal, removal_reason, removed_at, removed_by_grading_id, removed_by_run_id
)
SELECT T.each_column, 'changed', 'regraded', @now, @grading_id, @run_id
FROM prediction_accuracy AS T
JOIN regraded AS R ON SAME_ACCURACY_KEY(T, R)
WHERE T.game_date BETWEEN @first_date AND @last_date AND T.game_date IN UNNEST(@game_dates)
