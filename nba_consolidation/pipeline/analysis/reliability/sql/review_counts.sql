-- By date, the players in player_reliability by status and flag, and how many rows this transaction wrote.
SELECT
  game_date,
  COUNT(*) AS players,
  COUNTIF(review_id = @review_id) AS written_rows,
  COUNTIF(status = 'blacklisted') AS blacklisted,
  COUNTIF(status = 'watch') AS watched,
  COUNTIF(status = 'reliable') AS reliable,
  COUNTIF(status = 'not_enough') AS not_enough,
  COUNTIF(override_id IS NOT NULL) AS overridden,
  COUNTIF(variance_flag IN ('high', 'high_for_volume')) AS high_variance,
  COUNTIF(bias_flag NOT IN ('normal', 'not_enough')) AS biased
FROM player_reliability
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date
ORDER BY game_date
