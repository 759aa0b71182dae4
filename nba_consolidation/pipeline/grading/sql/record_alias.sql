-- Adds one decision about a player's name in the box scores. The statement is fenced by the dates; one row is added.
INSERT INTO player_aliases (
  alias_id, player_lookup, player_key, box_score_player, box_score_key, author, reason, lease_token, run_id, created_at
)
SELECT
  @alias_id, @player_lookup, macro.PLAYER_KEY(@player_lookup), @box_score_player, macro.PLAYER_KEY(@box_score_player),
  @author, @reason, MAX(L.token), @run_id, @now
FROM leases AS L
