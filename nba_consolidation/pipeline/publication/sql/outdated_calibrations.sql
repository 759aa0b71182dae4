-- Systems that were published with another calibration than the one that is in force for the date now. Past dates keep
-- what was published, until somebody publishes them again.
SELECT P.game_date, P.system_id, COUNT(*) AS predictions, MIN(P.calibration_version) AS published, MIN(C.version_id) AS in_force
FROM published_predictions AS P
LEFT JOIN (
  SELECT E.game_date, V.system_id, V.version_id
  FROM (
    SELECT D.game_date, H.version_id, H.state, H.effective_date, H.number
    FROM (
      SELECT DISTINCT game_date FROM published_predictions
      WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
    ) AS D
    CROSS JOIN confidence_recalibration_events AS H
    WHERE H.state IN ('active', 'rolled_back', 'superseded') AND H.effective_date <= D.game_date
    QUALIFY ROW_NUMBER() OVER (PARTITION BY D.game_date, H.version_id ORDER BY H.number DESC, H.state DESC) = 1
  ) AS E
  JOIN confidence_recalibration AS V ON V.version_id = E.version_id
  WHERE E.state = 'active'
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY E.game_date, V.system_id ORDER BY E.effective_date DESC, E.number DESC, V.version_id DESC
  ) = 1
) AS C ON C.game_date = P.game_date AND C.system_id = P.system_id
WHERE P.game_date BETWEEN @first_date AND @last_date AND P.game_date IN UNNEST(@game_dates)
  AND COALESCE(P.calibration_version, '') <> COALESCE(C.version_id, '')
GROUP BY P.game_date, P.system_id
ORDER BY P.game_date, P.system_id
