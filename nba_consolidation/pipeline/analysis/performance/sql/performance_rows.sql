-- Rows of system_performance, of one window, slice and system or of every one.
SELECT
  game_date, system_id, time_window, first_date, sliced_by, bucket, bucket_label, lower_bound, upper_bound,
  graded, bets, correct, wrong, push, passed, not_a_bet, voided, hit_rate, hit_rate_low, hit_rate_high,
  compared, mae, bias, roi_110, roi, odds, run_id, computed_at
FROM system_performance
WHERE game_date BETWEEN @first_date AND @last_date
  AND (@time_window IS NULL OR time_window = @time_window)
  AND (@sliced_by IS NULL OR sliced_by = @sliced_by)
  AND (@system_id IS NULL OR system_id = @system_id)
ORDER BY game_date, time_window, system_id, sliced_by, bucket
