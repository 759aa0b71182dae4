-- Audit: dates on which an active prediction that was not invalidated is neither validated nor withheld, or both.
SELECT game_date, SUM(usable) AS usable, SUM(validated) AS validated, SUM(withheld) AS withheld
FROM (
  SELECT game_date, 1 AS usable, 0 AS validated, 0 AS withheld
  FROM player_prop_predictions
  WHERE is_active AND invalidated_at IS NULL
    AND game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  UNION ALL
  SELECT game_date, 0, 1, 0
  FROM validated_predictions
  WHERE (confidence IS NULL OR confidence BETWEEN 0 AND 1)
    AND game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  UNION ALL
  SELECT game_date, 0, 0, 1
  FROM withheld_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
)
GROUP BY game_date
HAVING SUM(usable) <> SUM(validated) + SUM(withheld)
ORDER BY game_date
