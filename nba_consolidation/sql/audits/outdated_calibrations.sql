-- Systems that consumers read with another calibration than the one that holds for the date: validate it anew.
SELECT P.game_date, P.system_id, COUNT(*) AS predictions, MIN(P.calibration_version) AS published, MIN(C.version_id) AS in_force
FROM validated_predictions AS P
LEFT JOIN (
  SELECT D.game_date, V.system_id, V.version_id
  FROM (
    SELECT DISTINCT game_date FROM validated_predictions
    WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  ) AS D
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
  WHERE E.active_from <= D.game_date AND (E.active_until IS NULL OR D.game_date < E.active_until)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY D.game_date, V.system_id ORDER BY E.active_from DESC, E.number DESC, V.version_id DESC) = 1
) AS C ON C.game_date = P.game_date AND C.system_id = P.system_id
WHERE P.game_date BETWEEN @first_date AND @last_date AND P.game_date IN UNNEST(@game_dates)
  AND COALESCE(P.calibration_version, '') <> COALESCE(C.version_id, '')
GROUP BY P.game_date, P.system_id
