-- Dates that were validated and not published since, as when a process died in between.
SELECT V.game_date
FROM (
  SELECT game_date, MAX(validated_at) AS validated_at
  FROM validated_predictions
  WHERE game_date BETWEEN @first_date AND @last_date
  GROUP BY game_date
) AS V
LEFT JOIN (
  SELECT game_date, MAX(validated_at) AS validated_at
  FROM published_predictions
  WHERE game_date BETWEEN @first_date AND @last_date
  GROUP BY game_date
) AS P ON P.game_date = V.game_date
WHERE P.validated_at IS NULL OR P.validated_at <> V.validated_at
ORDER BY V.game_date
