-- The graded predictions that prediction_accuracy has otherwise, or not at all.
CREATE TEMP TABLE regraded AS
SELECT G.*, T.game_date IS NULL AS is_new
FROM graded AS G
LEFT JOIN (
  SELECT *
  FROM prediction_accuracy
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS T
  ON SAME_ACCURACY_KEY(T, G)
WHERE T.game_date IS NULL OR ANY_DIFFERENT(T, G)
