-- The calibration in force for each system on each date. A calibration is active on a date if its last event up to that
-- date made it active; of several active ones the last to become active is in force.
CREATE TEMP TABLE calibrations AS
SELECT E.game_date, V.system_id, V.version_id, V.curve
FROM (
  SELECT L.game_date, H.version_id, H.state, H.effective_date, H.number
  FROM leases AS L
  CROSS JOIN confidence_recalibration_events AS H
  WHERE H.state IN ('active', 'rolled_back', 'superseded') AND H.effective_date <= L.game_date
  QUALIFY ROW_NUMBER() OVER (PARTITION BY L.game_date, H.version_id ORDER BY H.number DESC, H.state DESC) = 1
) AS E
JOIN confidence_recalibration AS V ON V.version_id = E.version_id
WHERE E.state = 'active'
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY E.game_date, V.system_id ORDER BY E.effective_date DESC, E.number DESC, V.version_id DESC
) = 1
