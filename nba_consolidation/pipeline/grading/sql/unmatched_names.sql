-- Of played games: predicted players without a box score and without an alias, and box scores that match no prediction.
SELECT game_date, box_score_key, player_lookup, player_key, team_abbr, is_predicted
FROM (
  SELECT P.game_date, P.box_score_key, P.player_lookup, P.player_key, P.team_abbr, TRUE AS is_predicted
  FROM (
    SELECT V.game_date, G.box_score_key, G.game_key, K.player_key,
      MIN(V.player_lookup) AS player_lookup, MIN(V.team_abbr) AS team_abbr
    FROM validated_predictions AS V
    JOIN games AS G ON G.game_date = V.game_date AND G.game_id = V.game_id
    JOIN player_keys AS K ON K.player_lookup = V.player_lookup
    WHERE V.game_date BETWEEN @first_date AND @last_date AND V.game_date IN UNNEST(@game_dates) AND NOT K.has_alias
    GROUP BY V.game_date, G.box_score_key, G.game_key, K.player_key
  ) AS P
  JOIN played_games AS Y ON Y.game_date = P.game_date AND Y.box_score_key = P.box_score_key
  LEFT JOIN (
    SELECT DISTINCT game_date, game_key, player_key
    FROM player_results
  ) AS A ON A.game_date = P.game_date AND A.game_key = P.game_key AND A.player_key = P.player_key
  WHERE A.player_key IS NULL
  UNION ALL
  SELECT B.game_date, B.box_score_key, B.player_lookup, B.player_key, B.team_abbr, FALSE
  FROM player_results AS B
  LEFT JOIN (
    SELECT DISTINCT V.game_date, G.game_key, K.player_key
    FROM validated_predictions AS V
    JOIN games AS G ON G.game_date = V.game_date AND G.game_id = V.game_id
    JOIN player_keys AS K ON K.player_lookup = V.player_lookup
    WHERE V.game_date BETWEEN @first_date AND @last_date AND V.game_date IN UNNEST(@game_dates)
  ) AS M ON M.game_date = B.game_date AND M.game_key = B.game_key AND M.player_key = B.player_key
  WHERE M.player_key IS NULL
)
ORDER BY game_date, box_score_key, player_key, player_lookup, is_predicted, team_abbr
