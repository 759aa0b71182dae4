-- A player who is active under several spellings of his name, or for several spellings of a system, in one game: two keys,
-- two bets. Rows from before the row rules; the consolidation quarantines such a row. Grading counts the newest.
SELECT
  game_date,
  game_id,
  macro.PLAYER_KEY(player_lookup) AS player_lookup,
  macro.TRIMMED(system_id) AS system_id,
  COUNT(*) AS predictions,
  STRING_AGG(CONCAT('"', player_lookup, '" "', system_id, '"'), ', ' ORDER BY player_lookup, system_id) AS spellings
FROM (
  SELECT DISTINCT game_date, game_id, player_lookup, system_id
  FROM player_prop_predictions
  WHERE is_active AND game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
)
GROUP BY game_date, game_id, macro.PLAYER_KEY(player_lookup), macro.TRIMMED(system_id)
HAVING COUNT(*) > 1
ORDER BY game_date, game_id, player_lookup, system_id
