-- The computed rows that do not stand yet.
INSERT INTO player_reliability (`macro.EACH_COLUMN`, review_id, lease_token, run_id, computed_at)
SELECT macro.EACH_COLUMN(fresh), @review_id, L.token, @run_id, @now
FROM (
  SELECT macro.EACH_COLUMN()
  FROM computed_reliability
  EXCEPT DISTINCT
  SELECT macro.EACH_COLUMN()
  FROM player_reliability
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS fresh
JOIN leases AS L ON L.game_date = fresh.game_date
