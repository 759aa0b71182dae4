-- What stands, by date and system, and what there is to repair.
SELECT game_date, system_id, total_rows, duplicates, percent_scale_rows, graded, bets, correct
FROM accuracy_before
ORDER BY game_date, system_id
