-- The rows before a repair, and of them those to repair, by date and system.
SELECT game_date, system_id, total_rows, to_repair, macro.EACH_COLUMN()
FROM repair_before
ORDER BY game_date, system_id
