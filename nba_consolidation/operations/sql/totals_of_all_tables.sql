-- Totals of all tables in one row, to compare with what was staged.
SELECT
  P.consolidated,
  P.active,
  P.newest_micros,
  Q.quarantined,
  L.staged,
  L.inserted,
  L.updated,
  L.stale,
  L.superseded,
  A.correct,
  A.wrong,
  A.push,
  A.passed,
  A.voided
FROM (
  SELECT
    COUNT(*) AS consolidated,
    COUNTIF(is_active) AS active,
    COALESCE(SUM(CAST(UNIX_MICROS(version_created_at) AS NUMERIC(38, 0))), 0) AS newest_micros
  FROM player_prop_predictions
  WHERE game_date BETWEEN @first_date AND @last_date
) AS P
CROSS JOIN (
  SELECT COUNT(*) AS quarantined
  FROM quarantined_predictions
  WHERE game_date BETWEEN @first_date AND @last_date
) AS Q
CROSS JOIN (
  SELECT
    COALESCE(SUM(staged), 0) AS staged,
    COALESCE(SUM(inserted), 0) AS inserted,
    COALESCE(SUM(updated), 0) AS updated,
    COALESCE(SUM(stale), 0) AS stale,
    COALESCE(SUM(superseded), 0) AS superseded
  FROM consolidation_ledger
  WHERE game_date BETWEEN @first_date AND @last_date
) AS L
CROSS JOIN (
  SELECT
    COUNTIF(outcome = 'correct') AS correct,
    COUNTIF(outcome = 'wrong') AS wrong,
    COUNTIF(outcome = 'push') AS push,
    COUNTIF(outcome = 'passed') AS passed,
    COUNTIF(outcome = 'voided') AS voided
  FROM prediction_accuracy
  WHERE game_date BETWEEN @first_date AND @last_date
) AS A
