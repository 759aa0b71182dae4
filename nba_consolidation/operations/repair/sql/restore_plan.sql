-- The rows that restoring a run removes and puts back, by date: rows that it wrote go, rows that it removed or changed
-- come back, except those that it had written itself.
CREATE TEMP TABLE restore_plan AS
SELECT
  D.game_date,
  COALESCE(A.total_before, 0) AS total_before,
  COALESCE(A.going, 0) AS going,
  COALESCE(K.coming_back, 0) AS coming_back,
  COALESCE(K.kept, 0) AS kept,
  D.promised
FROM (
  SELECT game_date, CAST(SUM(COALESCE(updated, 0) + COALESCE(removed, 0)) AS INT64) AS promised
  FROM macro.LEDGER
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
    AND run_id = @restored_run_id
  GROUP BY game_date
) AS D
LEFT JOIN (
  SELECT game_date, COUNT(*) AS total_before, COUNTIF(run_id IS NOT DISTINCT FROM @restored_run_id) AS going
  FROM macro.TABLE
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  GROUP BY game_date
) AS A ON A.game_date = D.game_date
LEFT JOIN (
  SELECT game_date, COUNT(*) AS kept, COUNTIF(run_id IS DISTINCT FROM @restored_run_id) AS coming_back
  FROM macro.REMOVED
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
    AND removed_by_run_id = @restored_run_id
  GROUP BY game_date
) AS K ON K.game_date = D.game_date
