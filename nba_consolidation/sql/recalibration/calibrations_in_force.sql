-- For each date, the calibration of each system that holds for it: of those active from that date or an earlier one, and
-- not taken back by then, the last.
CREATE TEMP TABLE calibrations AS
SELECT L.game_date, V.system_id, V.version_id, V.curve
FROM leases AS L
CROSS JOIN (
  SELECT
    version_id,
    MIN(IF(state = 'active', effective_date, NULL)) AS active_from,
    MIN(IF(state = 'rolled_back', effective_date, NULL)) AS active_until,
    MIN(IF(state = 'active', number, NULL)) AS number
  FROM confidence_recalibration_events
  GROUP BY version_id
) AS E
JOIN confidence_recalibration AS V ON V.version_id = E.version_id
WHERE E.active_from <= L.game_date AND (E.active_until IS NULL OR L.game_date < E.active_until)
QUALIFY ROW_NUMBER() OVER (PARTITION BY L.game_date, V.system_id ORDER BY E.active_from DESC, E.number DESC, V.version_id DESC) = 1
