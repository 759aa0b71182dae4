-- Archives the rows that the restored run wrote, before they are deleted.
INSERT INTO prediction_accuracy_removed (
  `macro.EACH_COLUMN`, removal, removal_reason, removed_at, removed_by_grading_id, removed_by_run_id
)
SELECT macro.EACH_COLUMN(T), 'removed', 'restored', @now, @grading_id, @run_id
FROM prediction_accuracy AS T
WHERE T.game_date BETWEEN @first_date AND @last_date AND T.game_date IN UNNEST(@game_dates)
  AND T.run_id = @restored_run_id
