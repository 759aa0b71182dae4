-- The computed rows that do not stand yet.
INSERT INTO confidence_calibration (`macro.EACH_COLUMN`, performance_id, lease_token, run_id, computed_at)
SELECT macro.EACH_COLUMN(fresh), @performance_id, L.token, @run_id, @now
FROM (
  SELECT macro.EACH_COLUMN()
  FROM computed_calibration
  EXCEPT DISTINCT
  SELECT macro.EACH_COLUMN()
  FROM confidence_calibration
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS fresh
JOIN leases AS L ON L.game_date = fresh.game_date
