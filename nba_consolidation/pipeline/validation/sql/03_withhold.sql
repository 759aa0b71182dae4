-- The rows that are usable except for their confidence, which does not fit the scale of its group. They are reported, and
-- never rescaled with the others.
INSERT INTO withheld_predictions (
  game_date, game_id, player_lookup, system_id, current_points_line, prediction_id, batch_id,
  confidence_score, reason, withheld_at, lease_token, run_id
)
SELECT
  P.game_date, P.game_id, P.player_lookup, P.system_id, P.current_points_line, P.prediction_id, P.batch_id,
  P.confidence_score,
  CONCAT(
    'confidence ', CAST(P.confidence_score AS STRING), ' does not fit the ',
    IF(C.is_declared, 'declared scale', 'scale of its batch'),
    CASE WHEN NOT C.is_percent THEN ', 0 to 1' WHEN C.is_declared THEN ', 0 to 100' ELSE ', 2 to 100' END
  ),
  @now, L.token, @run_id
FROM player_prop_predictions AS P
JOIN confidence_scales AS C
  ON C.game_date = P.game_date AND C.system_id = P.system_id AND C.batch = COALESCE(P.batch_id, '')
JOIN leases AS L ON L.game_date = P.game_date
WHERE P.game_date BETWEEN @first_date AND @last_date
  AND P.game_date IN UNNEST(@game_dates)
  AND P.is_active
  AND P.invalidated_at IS NULL
  AND NOT macro.FITS_SCALE(P.confidence_score, C.is_percent, C.is_declared)
