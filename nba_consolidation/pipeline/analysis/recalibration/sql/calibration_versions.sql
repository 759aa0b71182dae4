-- The calibration versions of one system, or of all.
SELECT *
FROM confidence_recalibration
WHERE @system_id IS NULL OR system_id = @system_id
ORDER BY system_id, game_date, computed_at, version_id
