-- Business keys that stand more than once. There must be none.
SELECT business_key, COUNT(*) AS copies
FROM player_prop_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY business_key
HAVING COUNT(*) > 1
ORDER BY business_key
