-- Adds one override.
INSERT INTO player_overrides (
  override_id, player_lookup, status, first_date, last_date, author, reason, lease_token, run_id, created_at
)
SELECT
  @override_id, macro.PLAYER_KEY(@player_lookup), @status, @first_date, @until_date, @author, @reason,
  L.token, @run_id, @now
FROM leases AS L
