-- The decided bets before a date, by system and day: how many were won and lost at each confidence, to a thousandth.
SELECT
  game_date,
  system_id,
  ARRAY_AGG(confidence_step ORDER BY confidence_step) AS confidence_steps,
  ARRAY_AGG(won ORDER BY confidence_step) AS won,
  ARRAY_AGG(lost ORDER BY confidence_step) AS lost
FROM (
  SELECT
    game_date,
    system_id,
    CAST(ROUND(confidence_score * @steps) AS INT64) AS confidence_step,
    COUNTIF(derived_outcome = 'correct') AS won,
    COUNTIF(derived_outcome = 'wrong') AS lost
  FROM (
    SELECT
      game_date,
      system_id,
      confidence_score,
      macro.OUTCOME(T) AS derived_outcome
    FROM prediction_accuracy AS T
    WHERE game_date >= @first_date AND game_date < @before
  )
  WHERE derived_outcome IN ('correct', 'wrong') AND confidence_score BETWEEN 0 AND 1
  GROUP BY game_date, system_id, confidence_step
)
GROUP BY game_date, system_id
ORDER BY game_date, system_id
