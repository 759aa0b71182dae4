-- The dates that have been analysed.
SELECT DISTINCT game_date
FROM system_performance
WHERE game_date BETWEEN @first_date AND @last_date
ORDER BY game_date
