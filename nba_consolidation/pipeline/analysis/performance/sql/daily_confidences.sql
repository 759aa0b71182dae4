-- The confidences of each system's bets of each date, those won and those lost: what scores need one by one.
SELECT
  game_date,
  system_id,
  outcome = 'correct' AS won,
  ARRAY_AGG(confidence_micros ORDER BY confidence_micros) AS confidence_micros
FROM graded_rows
WHERE outcome IN ('correct', 'wrong') AND confidence_micros IS NOT NULL
GROUP BY game_date, system_id, outcome
ORDER BY game_date, system_id, outcome
