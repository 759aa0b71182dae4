-- Which states of these staging tables were merged for which date.
SELECT DISTINCT staging_table, fingerprint, game_date
FROM consolidation_ledger_tables
WHERE game_date BETWEEN @first_date AND @last_date
