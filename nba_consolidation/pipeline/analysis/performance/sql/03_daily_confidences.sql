-- The confidences of the decided bets of each system and date, won and lost apart: scores need every single one.
SELECT
  game_date,
  system_id,
  outcome = 'correct' AS won,
  ARRAY_AGG(confidence_micros ORDER BY confidence_micros) AS confidence_micros
FROM graded_rows
WHERE outcome IN ('correct', 'wrong') AND confidence_micros IS NOT NULL
GROUP BY game_date, system_id, outcome
ORDER BY game_date, system_id, outcome
