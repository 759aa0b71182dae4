-- By game date, the sums over all of its consolidations.
SELECT
  game_date,
  COUNT(*) AS consolidations,
  SUM(staging_tables) AS staging_tables,
  SUM(staged) AS staged,
  SUM(inserted) AS inserted,
  SUM(updated) AS updated,
  SUM(stale) AS stale,
  SUM(superseded) AS superseded,
  SUM(quarantined) AS quarantined,
  MAX(consolidated_at) AS last_consolidated_at
FROM consolidation_ledger
WHERE game_date BETWEEN @first_date AND @last_date
GROUP BY game_date
ORDER BY game_date
