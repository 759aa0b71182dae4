-- The dates of which a table has rows.
SELECT DISTINCT game_date
FROM macro.TABLE
WHERE game_date BETWEEN @first_date AND @last_date
ORDER BY game_date
