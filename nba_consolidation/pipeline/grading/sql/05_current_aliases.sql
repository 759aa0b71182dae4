-- The name in the box scores of each player with an alias, as keys: the last decision about a name counts, unless it removed
-- the alias.
CREATE TEMP TABLE current_aliases AS
SELECT player_key, box_score_key
FROM (
  SELECT player_key, box_score_key
  FROM player_aliases
  QUALIFY ROW_NUMBER() OVER (PARTITION BY player_key ORDER BY created_at DESC, lease_token DESC, alias_id DESC) = 1
)
WHERE box_score_key IS NOT NULL
