-- The validated predictions, and those that are withheld because of their confidence, by date.
SELECT game_date, CAST(SUM(validated) AS INT64) AS validated_rows, CAST(SUM(withheld) AS INT64) AS withheld_rows
FROM (
  SELECT game_date, 1 AS validated, 0 AS withheld
  FROM validated_predictions
  WHERE game_date BETWEEN @first_date AND @last_date
  UNION ALL
  SELECT game_date, 0, 1
  FROM withheld_predictions
  WHERE game_date BETWEEN @first_date AND @last_date
)
GROUP BY game_date
ORDER BY game_date
