-- Audit: business keys with more than one row. There must be none.
SELECT macro.BUSINESS_KEY(), COUNT(*) AS copies
FROM player_prop_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY macro.BUSINESS_KEY()
HAVING COUNT(*) > 1
ORDER BY macro.BUSINESS_KEY()
