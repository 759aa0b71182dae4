-- A row that ties with the current version replaces it only if its content is larger: a row that is delivered twice
-- changes nothing.
UPDATE outcomes AS O
SET outcome = R.outcome
FROM (
  SELECT
    macro.BUSINESS_KEY(E),
    IF(macro.ROW_AS_JSON(S) > macro.ROW_AS_JSON(T), 'updated', 'stale') AS outcome
  FROM tied_with_current AS E
  JOIN staged AS S ON S.staging_table_number = E.staging_table_number AND S.staging_row = E.staging_row
  JOIN player_prop_predictions AS T
    ON macro.SAME_KEY(T, E)
    AND T.game_date BETWEEN @first_date AND @last_date
    AND T.game_date IN UNNEST(@game_dates)
) AS R
WHERE macro.SAME_KEY(O, R)
