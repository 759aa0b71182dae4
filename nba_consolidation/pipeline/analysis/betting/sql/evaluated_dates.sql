-- The dates until which strategies have been evaluated.
SELECT DISTINCT game_date
FROM strategy_performance
WHERE game_date BETWEEN @first_date AND @last_date
ORDER BY game_date
