-- Staged and quarantined rows by game date, and when it was last consolidated.
SELECT game_date, SUM(staged) AS staged, SUM(quarantined) AS quarantined, MAX(consolidated_at) AS consolidated_at
FROM consolidation_ledger
WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
GROUP BY game_date
ORDER BY game_date
