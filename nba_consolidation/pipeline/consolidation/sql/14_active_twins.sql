-- Audit: a game, player and system with more than one active row. There must be none.
SELECT macro.ACTIVATION_KEY(), COUNT(*) AS active_rows
FROM player_prop_predictions
WHERE is_active AND game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY macro.ACTIVATION_KEY()
HAVING COUNT(*) > 1
ORDER BY macro.ACTIVATION_KEY()
