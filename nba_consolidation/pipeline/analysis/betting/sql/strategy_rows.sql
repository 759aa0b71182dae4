-- Rows of strategy_performance, of one strategy or of every one; the highest lower end of the ROI first.
SELECT * EXCEPT (lease_token)
FROM strategy_performance
WHERE game_date BETWEEN @first_date AND @last_date
  AND (@strategy IS NULL OR strategy = @strategy)
ORDER BY game_date, roi_low IS NULL, roi_low DESC, bets DESC, strategy
