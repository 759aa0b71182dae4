INSERT INTO grading_ledger (
  game_date, grading_id, kind, run_id, holder_id, lease_token,
  active, correct, wrong, push, passed, not_a_bet, voided, waiting,
  inserted, updated, unchanged, removed, total_rows, recorded_at
)
SELECT
  game_date, @grading_id, 'grading', @run_id, @holder_id, token,
  active, correct, wrong, push, passed, not_a_bet, voided, waiting,
  inserted, updated, total_rows - inserted - updated, removed, total_rows, @now
FROM grading_counts
