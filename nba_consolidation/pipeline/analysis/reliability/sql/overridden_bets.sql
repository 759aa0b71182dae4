-- Decided bets by date on the players with an override, since the first override.
SELECT
  G.game_date,
  G.player_key,
  COUNTIF(G.derived_outcome = 'correct') AS correct,
  COUNTIF(G.derived_outcome = 'wrong') AS wrong
FROM (
  SELECT game_date, macro.PLAYER_KEY(player_lookup) AS player_key, macro.OUTCOME(T) AS derived_outcome
  FROM prediction_accuracy AS T
  WHERE game_date >= @first_date
) AS G
JOIN (SELECT DISTINCT macro.PLAYER_KEY(player_lookup) AS player_key FROM player_overrides) AS O
  ON O.player_key = G.player_key
WHERE G.derived_outcome IN ('correct', 'wrong')
GROUP BY G.game_date, G.player_key
ORDER BY G.game_date, G.player_key
