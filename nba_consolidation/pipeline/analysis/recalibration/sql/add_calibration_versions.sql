-- What was proposed, unless the very same was before.
INSERT INTO confidence_recalibration (each_column, lease_token, run_id, computed_at)
SELECT N.each_column, L.token, @run_id, @now
FROM new_versions AS N
JOIN leases AS L ON L.game_date = N.game_date
LEFT JOIN confidence_recalibration AS T ON T.version_id = N.version_id
WHERE T.version_id IS NULL
