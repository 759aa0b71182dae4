-- Archives the rows that the restored run wrote, before they are deleted.
INSERT INTO macro.REMOVED (
  `macro.EACH_COLUMN`, removal, removal_reason, removed_at, `macro.REMOVED_BY`, removed_by_run_id
)
SELECT macro.EACH_COLUMN(T), 'removed', 'restored', @now, @transaction_id, @run_id
FROM macro.TABLE AS T
WHERE T.game_date BETWEEN @first_date AND @last_date AND T.game_date IN UNNEST(@game_dates)
  AND T.run_id = @restored_run_id
