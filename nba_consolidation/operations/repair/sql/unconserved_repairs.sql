-- Dates where a repair lost or added a row: before = after + removed, and each changed row is archived. There must
-- be none.
SELECT game_date, total_before, total_rows, removed, changed, updated
FROM repair_counts
WHERE total_before <> total_rows + removed OR changed <> updated
ORDER BY game_date
