-- A version of a calibration, or something that happened to one, that stands twice. There must be none.
SELECT game_date, version_id, state, number, COUNT(*) AS copies
FROM (
  SELECT game_date, version_id, 'version' AS state, 0 AS number FROM confidence_recalibration
  UNION ALL
  SELECT game_date, version_id, state, number FROM confidence_recalibration_events
)
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date, version_id, state, number
HAVING COUNT(*) > 1
