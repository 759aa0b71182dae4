-- A previous version put its own filters into validated_predictions. There, these columns are as the worker staged them.
UPDATE validated_predictions AS T
SET is_actionable = P.is_actionable, filter_reason = P.filter_reason
FROM player_prop_predictions AS P
WHERE T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
  AND P.game_date BETWEEN @first_date AND @last_date
  AND macro.SAME_KEY(T, P)
  AND P.prediction_version = T.prediction_version
