-- Audit: primary keys of a table with more than one row; NULL equals NULL. There must be none.
SELECT macro.PRIMARY_KEY(), COUNT(*) AS copies
FROM macro.TABLE
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY macro.PRIMARY_KEY()
HAVING COUNT(*) > 1
ORDER BY macro.PRIMARY_KEY()
