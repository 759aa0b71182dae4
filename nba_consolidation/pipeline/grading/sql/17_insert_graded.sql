INSERT INTO prediction_accuracy (accuracy_key, each_column, graded_at, grading_id, lease_token, run_id)
SELECT R.accuracy_key, R.each_column, @now, @grading_id, L.token, @run_id
FROM regraded AS R
JOIN leases AS L ON L.game_date = R.game_date
WHERE R.is_new
