-- Dates where a restore lost or added a row. There must be none.
SELECT P.game_date, P.total_before, P.going, P.coming_back, COALESCE(A.total_rows, 0) AS total_rows
FROM restore_plan AS P
LEFT JOIN (
  SELECT game_date, COUNT(*) AS total_rows
  FROM macro.TABLE
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  GROUP BY game_date
) AS A ON A.game_date = P.game_date
WHERE P.total_before - P.going + P.coming_back <> COALESCE(A.total_rows, 0)
ORDER BY P.game_date
