-- A version of a calibration that stands twice, or that the same happened to twice. There must be none.
SELECT game_date, version_id, state, COUNT(*) AS copies
FROM (
  SELECT game_date, version_id, 'version' AS state FROM confidence_recalibration
  UNION ALL
  SELECT game_date, version_id, state FROM confidence_recalibration_events
)
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date, version_id, state
HAVING COUNT(*) > 1
