-- Rows of calibration_scores, of one window and system or of every one.
SELECT
  game_date, system_id, time_window, first_date, bets, without_confidence, correct, mean_confidence,
  hit_rate, hit_rate_low, hit_rate_high, ece, brier, log_loss, run_id, computed_at
FROM calibration_scores
WHERE game_date BETWEEN @first_date AND @last_date
  AND (@time_window IS NULL OR time_window = @time_window)
  AND (@system_id IS NULL OR system_id = @system_id)
ORDER BY game_date, time_window, system_id
