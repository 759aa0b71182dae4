-- The states of staging tables that were consolidated, and for which dates.
SELECT DISTINCT staging_table, fingerprint, game_date
FROM consolidation_ledger_tables
WHERE game_date BETWEEN @first_date AND @last_date
