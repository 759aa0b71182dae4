-- Dates whose last consolidation or repair is newer than their validation, as when a process died in between.
SELECT C.game_date
FROM (
  SELECT game_date, lease_token, active_rows
  FROM (
    SELECT game_date, lease_token, active_rows
    FROM consolidation_ledger
    WHERE game_date BETWEEN @first_date AND @last_date
    UNION ALL
    SELECT game_date, lease_token, active_rows
    FROM prediction_repairs
    WHERE game_date BETWEEN @first_date AND @last_date
  )
  QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date ORDER BY lease_token DESC) = 1
) AS C
LEFT JOIN (
  SELECT game_date, MAX(lease_token) AS lease_token
  FROM (
    SELECT game_date, lease_token FROM validated_predictions WHERE game_date BETWEEN @first_date AND @last_date
    UNION ALL
    SELECT game_date, lease_token FROM withheld_predictions WHERE game_date BETWEEN @first_date AND @last_date
  )
  GROUP BY game_date
) AS V ON V.game_date = C.game_date
WHERE V.lease_token < C.lease_token OR (V.lease_token IS NULL AND C.active_rows > 0)
ORDER BY C.game_date
