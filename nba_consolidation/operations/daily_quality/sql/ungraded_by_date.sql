-- Validated predictions without a graded row, by date; `playable` are those whose game, or whose team on that date, has
-- a box score. By game or by team, because one game has several ids (incident 33).
SELECT
  V.game_date,
  COUNT(*) AS ungraded,
  COUNTIF(G.game_id IS NOT NULL OR T.team_abbr IS NOT NULL) AS playable
FROM validated_predictions AS V
LEFT JOIN (
  SELECT DISTINCT game_date, game_id, player_lookup, system_id
  FROM prediction_accuracy
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS A
  ON A.game_date = V.game_date AND A.game_id = V.game_id
  AND A.player_lookup = V.player_lookup AND A.system_id = V.system_id
LEFT JOIN (
  SELECT DISTINCT game_date, game_id
  FROM player_game_summary
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS G ON G.game_date = V.game_date AND G.game_id = V.game_id
LEFT JOIN (
  SELECT DISTINCT game_date, team_abbr
  FROM player_game_summary
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS T ON T.game_date = V.game_date AND T.team_abbr = V.team_abbr
WHERE V.game_date BETWEEN @first_date AND @last_date AND V.game_date IN UNNEST(@game_dates) AND A.game_id IS NULL
GROUP BY V.game_date
ORDER BY V.game_date
