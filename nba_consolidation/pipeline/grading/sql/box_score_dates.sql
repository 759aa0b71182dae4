-- Box scores of each date, with a fingerprint that changes when a game, a player, points or minutes are added, removed or
-- changed, whatever the order of the rows. A change of a team or of the tip-off alone does not change it. The figures of each
-- row are written out, so that two changes cannot cancel each other as in a sum.
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
