-- Every decision about names, in the order in which they were made. is_current: it is the last one of its name, and no removal.
SELECT
  alias_id, player_lookup, player_key, box_score_player, box_score_key, author, reason, run_id, created_at,
  box_score_key IS NOT NULL
  AND ROW_NUMBER() OVER (PARTITION BY player_key ORDER BY created_at DESC, lease_token DESC, alias_id DESC) = 1 AS is_current
FROM player_aliases
ORDER BY created_at, lease_token, alias_id
