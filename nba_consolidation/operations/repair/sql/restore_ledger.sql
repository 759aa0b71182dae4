INSERT INTO macro.LEDGER (
  game_date, `macro.ID_COLUMN`, kind, run_id, restored_run_id, holder_id, lease_token,
  inserted, updated, unchanged, removed, total_rows, recorded_at
)
SELECT
  P.game_date, @transaction_id, 'restore', @run_id, @restored_run_id, @holder_id, L.token,
  P.coming_back, 0, P.total_before - P.going, P.going, P.total_before - P.going + P.coming_back, @now
FROM restore_plan AS P
JOIN leases AS L ON L.game_date = P.game_date
