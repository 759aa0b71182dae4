-- Rows of prediction_accuracy whose prediction is no longer active (another line superseded it, or it was invalidated), or is
-- withheld, because its confidence is on no known scale. A row without a known prediction stays, and so does a row whose
-- prediction waits again, unless it waits for a name to be settled: then it was voided, or graded by an alias that was removed.
CREATE TEMP TABLE superseded_grades AS
SELECT
  macro.ACCURACY_KEY(T),
  CASE WHEN V.game_date IS NOT NULL THEN 'waiting' WHEN P.is_active THEN 'withheld' ELSE 'not_active' END AS reason
FROM prediction_accuracy AS T
JOIN player_prop_predictions AS P
  ON P.game_date = T.game_date
  AND P.game_id = T.game_id
  AND P.player_lookup = T.player_lookup
  AND P.system_id = T.system_id
  AND P.current_points_line IS NOT DISTINCT FROM T.line_value
LEFT JOIN grades AS V
  ON V.game_date = T.game_date
  AND V.game_id = T.game_id
  AND V.player_lookup = T.player_lookup
  AND V.system_id = T.system_id
  AND COALESCE(V.current_points_line, -1) = COALESCE(T.line_value, -1)
LEFT JOIN (
  SELECT game_date, game_id, player_lookup, system_id
  FROM withheld_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS W
  ON W.game_date = P.game_date
  AND W.game_id = P.game_id
  AND W.player_lookup = P.player_lookup
  AND W.system_id = P.system_id
WHERE T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
  AND P.game_date BETWEEN @first_date AND @last_date
  AND P.game_date IN UNNEST(@game_dates)
  AND (
    ((NOT P.is_active OR W.game_date IS NOT NULL) AND V.game_date IS NULL)
    OR V.outcome_reason = 'similar_box_score_name'
  )
