-- All overrides, in the order in which they were made.
SELECT
  override_id, player_lookup, macro.PLAYER_KEY(player_lookup) AS player_key,
  status, first_date, last_date, author, reason,
  run_id, created_at
FROM player_overrides
ORDER BY created_at, override_id
