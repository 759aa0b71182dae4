-- Validated predictions that are published never or twice, and published ones that are not validated. There must be none.
SELECT macro.ACTIVATION_KEY(), SUM(validated) AS validated, SUM(published) AS published
FROM (
  SELECT macro.ACTIVATION_KEY(), 1 AS validated, 0 AS published
  FROM validated_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  UNION ALL
  SELECT macro.ACTIVATION_KEY(), 0 AS validated, 1 AS published
  FROM published_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
)
GROUP BY macro.ACTIVATION_KEY()
HAVING SUM(validated) <> 1 OR SUM(published) <> 1
ORDER BY macro.ACTIVATION_KEY()
