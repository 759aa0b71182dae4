-- The view `calibration_latest`: each bin of confidence in each window that ends with the last analysed date.
SELECT
  B.game_date,
  B.system_id,
  B.time_window,
  B.first_date,
  B.bin,
  B.lower_bound,
  B.upper_bound,
  B.bets,
  B.mean_confidence,
  B.hit_rate,
  B.hit_rate_low,
  B.hit_rate_high,
  B.mean_confidence - B.hit_rate AS overconfidence,
  S.ece,
  S.ece_noise,
  S.ece_noise_high
FROM confidence_calibration AS B
INNER JOIN calibration_scores AS S
  ON S.game_date = B.game_date AND S.system_id = B.system_id AND S.time_window = B.time_window
WHERE B.game_date = (SELECT MAX(game_date) FROM confidence_calibration)
