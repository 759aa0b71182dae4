-- Calibration versions with two rows, and events of one system with the same number. There must be none: the number decides
-- which of two calibrations is in force.
SELECT MIN(game_date) AS game_date, system_id, MIN(version_id) AS version_id, number, COUNT(*) AS copies
FROM (
  SELECT game_date, system_id, version_id, version_id AS place, 0 AS number FROM confidence_recalibration
  UNION ALL
  SELECT game_date, system_id, version_id, system_id AS place, number FROM confidence_recalibration_events
)
GROUP BY system_id, place, number
HAVING COUNT(*) > 1 AND COUNTIF(game_date IN UNNEST(@game_dates)) > 0
ORDER BY game_date, system_id, version_id, number
