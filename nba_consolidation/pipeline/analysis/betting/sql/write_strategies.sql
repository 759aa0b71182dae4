-- The computed rows that do not stand yet.
INSERT INTO strategy_performance (`macro.EACH_COLUMN`, evaluation_id, lease_token, run_id, computed_at)
SELECT macro.EACH_COLUMN(fresh), @evaluation_id, L.token, @run_id, @now
FROM (
  SELECT macro.EACH_COLUMN()
  FROM computed_strategies
  EXCEPT DISTINCT
  SELECT macro.EACH_COLUMN()
  FROM strategy_performance
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS fresh
JOIN leases AS L ON L.game_date = fresh.game_date
