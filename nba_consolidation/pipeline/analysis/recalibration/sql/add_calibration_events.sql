-- Adds the events that are not recorded yet.
INSERT INTO confidence_recalibration_events (`macro.EACH_COLUMN`, lease_token, run_id, recorded_at)
SELECT macro.EACH_COLUMN(N), L.token, @run_id, @now
FROM new_events AS N
JOIN leases AS L ON L.game_date = N.lease_date
LEFT JOIN confidence_recalibration_events AS T
  ON T.version_id = N.version_id AND T.number = N.number AND T.state = N.state
WHERE T.version_id IS NULL
