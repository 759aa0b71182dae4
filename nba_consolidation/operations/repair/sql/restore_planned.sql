-- The row counts of restoring a run, by date.
SELECT game_date, total_before - going + coming_back AS total_rows, going AS taken_out, coming_back AS put_back
FROM restore_plan
ORDER BY game_date
