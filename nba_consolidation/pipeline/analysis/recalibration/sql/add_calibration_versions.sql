-- Adds the versions that are not recorded yet.
INSERT INTO confidence_recalibration (`macro.EACH_COLUMN`, lease_token, run_id, computed_at)
SELECT macro.EACH_COLUMN(N), L.token, @run_id, @now
FROM new_versions AS N
JOIN leases AS L ON L.game_date = N.game_date
LEFT JOIN confidence_recalibration AS T ON T.version_id = N.version_id
WHERE T.version_id IS NULL
