-- The rows before a repair, and of them those to repair, by date and system.
SELECT game_date, system_id, total_rows, duplicates, percent_scale_rows, graded, bets, correct
FROM accuracy_before
ORDER BY game_date, system_id
