-- By date: how much is published, and whether this transaction changed it.
SELECT
  L.game_date,
  COUNT(P.game_date) AS published_rows,
  COUNTIF(P.is_actionable) AS actionable_rows,
  COUNTIF(P.filter_reason IS NOT NULL) AS filtered_rows,
  COUNTIF(P.calibration_version IS NOT NULL) AS calibrated_rows,
  COUNT(O.game_date) > 0 AS changed
FROM leases AS L
LEFT JOIN dates_to_publish AS O ON O.game_date = L.game_date
LEFT JOIN (
  SELECT game_date, is_actionable, filter_reason, calibration_version
  FROM published_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS P ON P.game_date = L.game_date
GROUP BY L.game_date
ORDER BY L.game_date
