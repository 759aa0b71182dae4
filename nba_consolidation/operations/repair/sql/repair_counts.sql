-- The counts of a repair, by date that needed one; each is counted in the table that it is about.
CREATE TEMP TABLE repair_counts AS
SELECT
  B.game_date,
  B.total_before,
  COALESCE(K.removed, 0) AS removed,
  COALESCE(K.changed, 0) AS changed,
  COALESCE(A.total_rows, 0) AS total_rows,
  COALESCE(A.updated, 0) AS updated
FROM (
  SELECT
    game_date,
    CAST(SUM(total_rows) AS INT64) AS total_before,
    SUM(to_repair) > 0 AS needed
  FROM repair_before
  GROUP BY game_date
) AS B
LEFT JOIN (
  SELECT game_date, COUNTIF(removal = 'removed') AS removed, COUNTIF(removal = 'changed') AS changed
  FROM macro.REMOVED
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
    AND macro.REMOVED_BY = @transaction_id
  GROUP BY game_date
) AS K ON K.game_date = B.game_date
LEFT JOIN (
  SELECT game_date, COUNT(*) AS total_rows, COUNTIF(macro.ID_COLUMN IS NOT DISTINCT FROM @transaction_id) AS updated
  FROM macro.TABLE
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  GROUP BY game_date
) AS A ON A.game_date = B.game_date
WHERE B.needed
