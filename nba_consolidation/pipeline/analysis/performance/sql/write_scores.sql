-- The computed rows that do not stand yet.
INSERT INTO calibration_scores (`macro.EACH_COLUMN`, performance_id, lease_token, run_id, computed_at)
SELECT macro.EACH_COLUMN(fresh), @performance_id, L.token, @run_id, @now
FROM (
  SELECT macro.EACH_COLUMN()
  FROM computed_scores
  EXCEPT DISTINCT
  SELECT macro.EACH_COLUMN()
  FROM calibration_scores
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS fresh
JOIN leases AS L ON L.game_date = fresh.game_date
