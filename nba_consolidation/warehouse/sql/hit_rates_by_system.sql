-- The view `hit_rates_by_system`: all bets of each system in each window that ends with the last analysed date.
SELECT
  game_date,
  system_id,
  time_window,
  first_date,
  bets,
  correct,
  wrong,
  push,
  hit_rate,
  hit_rate_low,
  hit_rate_high,
  roi_110,
  mae,
  bias
FROM system_performance
WHERE sliced_by = 'all' AND game_date = (SELECT MAX(game_date) FROM system_performance)
