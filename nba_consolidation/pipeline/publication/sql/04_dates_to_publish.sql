-- The dates whose published rows differ from those to publish. All other dates are not written.
CREATE TEMP TABLE dates_to_publish AS
SELECT DISTINCT game_date
FROM (
  SELECT macro.EACH_COLUMN(), 1 AS publishable, 0 AS published
  FROM publishable
  UNION ALL
  SELECT macro.EACH_COLUMN(), 0 AS publishable, 1 AS published
  FROM published_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
)
GROUP BY macro.EACH_COLUMN()
HAVING SUM(publishable) <> SUM(published)
