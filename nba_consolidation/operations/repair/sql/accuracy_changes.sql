-- Every transaction that wrote prediction_accuracy, with the number of rows that it changed.
CREATE TEMP TABLE table_changes AS
SELECT
  game_date,
  run_id,
  restored_run_id,
  kind,
  lease_token,
  COALESCE(inserted, 0) + COALESCE(updated, 0) + COALESCE(removed, 0) AS changes
FROM grading_ledger
WHERE game_date BETWEEN @first_date AND @last_date
