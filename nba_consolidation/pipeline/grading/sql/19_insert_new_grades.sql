INSERT INTO prediction_accuracy (`macro.ACCURACY_KEY`, `macro.EACH_COLUMN`, graded_at, grading_id, lease_token, run_id)
SELECT macro.ACCURACY_KEY(R), macro.EACH_COLUMN(R), @now, @grading_id, L.token, @run_id
FROM changed_grades AS R
JOIN leases AS L ON L.game_date = R.game_date
WHERE R.is_new
