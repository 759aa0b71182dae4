-- Every spelling of a player's name with its key, computed once per spelling: the folded name, or that of his alias.
CREATE TEMP TABLE player_keys AS
SELECT N.player_lookup, COALESCE(A.box_score_key, N.folded) AS player_key, A.player_key IS NOT NULL AS has_alias
FROM (
  SELECT player_lookup, macro.PLAYER_KEY(player_lookup) AS folded
  FROM (
    SELECT DISTINCT player_lookup
    FROM box_scores
    UNION DISTINCT
    SELECT DISTINCT player_lookup
    FROM validated_predictions
    WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  )
) AS N
LEFT JOIN current_aliases AS A ON A.player_key = N.folded
