-- The events of the calibrations of one system, or of all, in order.
SELECT *
FROM confidence_recalibration_events
WHERE @system_id IS NULL OR system_id = @system_id
ORDER BY system_id, number, version_id, state
