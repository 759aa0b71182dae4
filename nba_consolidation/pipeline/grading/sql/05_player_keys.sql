-- Every spelling of a player's name with its folded key, computed once per spelling.
CREATE TEMP TABLE player_keys AS
SELECT player_lookup, macro.PLAYER_KEY(player_lookup) AS player_key
FROM (
  SELECT DISTINCT player_lookup
  FROM box_scores
  UNION DISTINCT
  SELECT DISTINCT player_lookup
  FROM validated_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
)
