-- A game, player and system with more than one validated prediction. There must be none.
SELECT macro.ACTIVATION_KEY(), COUNT(*) AS copies
FROM validated_predictions
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY macro.ACTIVATION_KEY()
HAVING COUNT(*) > 1
ORDER BY macro.ACTIVATION_KEY()
