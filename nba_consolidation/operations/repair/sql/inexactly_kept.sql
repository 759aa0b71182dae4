-- Archived rows that differ from the original, because the table of removed rows has a column of a narrower type. There must
-- be none.
SELECT macro.EACH_COLUMN()
FROM macro.REMOVED
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  AND macro.REMOVED_BY = @transaction_id
EXCEPT DISTINCT
SELECT macro.EACH_COLUMN()
FROM repair_versions
ORDER BY macro.EACH_COLUMN()
