-- Completes the ledger of a repair or a restore: a date without an active row has none to validate.
UPDATE prediction_repairs AS R
SET active_rows = A.active_rows
FROM (
  SELECT game_date, COUNTIF(is_active) AS active_rows
  FROM player_prop_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  GROUP BY game_date
) AS A
WHERE R.game_date = A.game_date
  AND R.game_date BETWEEN @first_date AND @last_date
  AND R.consolidation_id = @transaction_id
