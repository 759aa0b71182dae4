-- The dates of which consumers read something else than they should. All other dates are left alone.
CREATE TEMP TABLE outdated_publications AS
SELECT DISTINCT game_date
FROM (
  (
    SELECT each_column
    FROM publishable
    EXCEPT DISTINCT
    SELECT each_column
    FROM published_predictions
    WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  )
  UNION ALL
  (
    SELECT each_column
    FROM published_predictions
    WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
    EXCEPT DISTINCT
    SELECT each_column
    FROM publishable
  )
)
