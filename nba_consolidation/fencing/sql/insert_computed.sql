-- Inserts the computed rows that the table does not have.
INSERT INTO macro.TABLE (`macro.EACH_COLUMN`, `macro.ID_COLUMN`, lease_token, run_id, computed_at)
SELECT macro.EACH_COLUMN(missing), @transaction_id, L.token, @run_id, @now
FROM (
  SELECT macro.EACH_COLUMN()
  FROM macro.COMPUTED
  EXCEPT DISTINCT
  SELECT macro.EACH_COLUMN()
  FROM macro.TABLE
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS missing
JOIN leases AS L ON L.game_date = missing.game_date
