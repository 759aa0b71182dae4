INSERT INTO consolidation_ledger (
  game_date, consolidation_id, run_id, holder_id, lease_token, staging_tables,
  staged, inserted, updated, stale, superseded, quarantined, total_rows, active_rows, consolidated_at
)
SELECT
  game_date, @consolidation_id, @run_id, @holder_id, token, staging_tables,
  staged, inserted, updated, stale, superseded, quarantined, total_rows, active_rows, @now
FROM counts
