-- Dates consolidated by a newer lease than the one that they were validated under: consumers do not read it yet.
SELECT C.game_date
FROM (
  SELECT game_date, MAX(lease_token) AS token
  FROM consolidation_ledger
  WHERE game_date BETWEEN @first_date AND @last_date
  GROUP BY game_date
) AS C
LEFT JOIN (
  SELECT game_date, MAX(lease_token) AS token
  FROM validated_predictions
  WHERE game_date BETWEEN @first_date AND @last_date
  GROUP BY game_date
) AS V ON V.game_date = C.game_date
WHERE V.token IS NULL OR V.token < C.token
ORDER BY C.game_date
