-- What consumers should read. This is the one place where a filter stops a bet; each filter has a name. A calibration's
-- curve has a knot at every hundredth of confidence, the first at 0, and straight lines between the knots. (The casts say
-- that an offset is a whole number: without them it is rendered as if arrays began at 0 everywhere.)
CREATE TEMP TABLE publishable AS
SELECT
  macro.EACH_COLUMN(P),
  COALESCE(
    CAST(ROUND(
      C.curve[SAFE_OFFSET(CAST(P.knot AS INT64))] * (P.knot + 1 - P.percent)
      + C.curve[SAFE_OFFSET(CAST(P.knot + 1 AS INT64))] * (P.percent - P.knot),
      6
    ) AS NUMERIC(38, 9)),
    P.confidence
  ) AS calibrated_confidence,
  C.version_id AS calibration_version,
  IF(P.filters IS NULL, P.is_actionable, FALSE) AS is_actionable,
  NULLIF(ARRAY_TO_STRING([COALESCE(P.filter_reason, IF(P.is_actionable IS FALSE, 'worker', NULL)), P.filters], ', '), '')
    AS filter_reason,
  P.player_status,
  P.variance_flag
FROM (
  SELECT
    macro.EACH_COLUMN(V),
    V.is_actionable,
    V.filter_reason,
    R.status AS player_status,
    R.variance_flag AS variance_flag,
    CAST(V.confidence AS FLOAT64) * 100 AS percent,
    LEAST(CAST(FLOOR(V.confidence * 100) AS INT64), 99) AS knot,
    NULLIF(
      ARRAY_TO_STRING(
        [
          IF(V.recommendation IN ('OVER', 'UNDER'), NULL, 'no_bet_wanted'),
          IF(V.recommendation IN ('OVER', 'UNDER') AND V.current_points_line IS NULL, 'no_line', NULL),
          IF(V.prediction_made_before_game IS FALSE, 'made_after_tip_off', NULL),
          IF(R.status = 'blacklisted', 'blacklisted_player', NULL)
        ],
        ', '
      ),
      ''
    ) AS filters
  FROM validated_predictions AS V
  LEFT JOIN reviewed_players AS R ON R.game_date = V.game_date AND R.player_key = macro.PLAYER_KEY(V.player_lookup)
  WHERE V.game_date BETWEEN @first_date AND @last_date AND V.game_date IN UNNEST(@game_dates)
) AS P
LEFT JOIN calibrations AS C ON C.game_date = P.game_date AND C.system_id = P.system_id
