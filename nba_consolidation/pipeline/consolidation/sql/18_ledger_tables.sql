INSERT INTO consolidation_ledger_tables (
  game_date, staging_table, fingerprint, staged, consolidation_id, run_id, lease_token, consolidated_at
)
SELECT
  M.game_date, M.staging_table, M.fingerprint, M.listed_rows, @consolidation_id, @run_id, L.token, @now
FROM manifest AS M
JOIN leases AS L ON L.game_date = M.game_date
