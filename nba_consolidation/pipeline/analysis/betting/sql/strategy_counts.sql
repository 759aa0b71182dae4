-- By date, the strategies with a current row in strategy_performance, and how many of these rows this transaction wrote.
SELECT
  game_date,
  COUNT(*) AS strategies,
  COUNTIF(evaluation_id = @evaluation_id) AS written_rows,
  COUNTIF(pays <> 'not_enough') AS with_enough_data,
  COUNTIF(pays = 'profit') AS paying,
  COUNTIF(pays = 'loss') AS losing,
  COUNTIF(verdict = 'better') AS better,
  COUNTIF(verdict = 'worse') AS worse
FROM strategy_performance
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date
ORDER BY game_date
