-- The quarantined rows as they were staged, the latest dates first.
SELECT game_date, staging_table, staging_row, column_name, rule, reason, original_row, quarantined_at, run_id
FROM quarantined_predictions
WHERE game_date BETWEEN @first_date AND @last_date
ORDER BY game_date DESC, staging_table, staging_row, quarantined_at, column_name, rule
LIMIT @limit
