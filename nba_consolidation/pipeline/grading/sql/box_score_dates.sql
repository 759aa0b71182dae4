-- Of each date the box scores that are there, and a fingerprint that moves when a game, a player, his points or his
-- minutes come, go or change, in whatever order the rows lie. It misses a change of a team or of the tip-off alone.
-- Of one row its figures are written out, so two rows cannot cancel one another out as they can in a sum.
SELECT
  game_date,
  COUNT(DISTINCT game_id) AS games,
  COUNT(*) AS players,
  TO_HEX(MD5(STRING_AGG(figures, ',' ORDER BY figures))) AS fingerprint
FROM (
  SELECT
    game_date,
    game_id,
    CONCAT(
      game_id, ' ', player_lookup,
      ' ', COALESCE(CAST(points AS STRING), 'none'),
      ' ', COALESCE(CAST(CAST(ROUND(minutes_played * 10) AS INT64) AS STRING), 'none')
    ) AS figures
  FROM player_game_summary
  WHERE game_date BETWEEN @first_date AND @last_date
) AS B
GROUP BY game_date
ORDER BY game_date
