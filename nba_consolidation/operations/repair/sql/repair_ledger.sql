INSERT INTO macro.LEDGER (
  game_date, `macro.ID_COLUMN`, kind, run_id, holder_id, lease_token,
  inserted, updated, unchanged, removed, total_rows, recorded_at
)
SELECT
  C.game_date, @transaction_id, 'repair', @run_id, @holder_id, L.token,
  0, C.updated, C.total_rows - C.updated, C.removed, C.total_rows, @now
FROM repair_counts AS C
JOIN leases AS L ON L.game_date = C.game_date
