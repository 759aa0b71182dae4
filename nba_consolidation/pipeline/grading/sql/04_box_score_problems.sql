-- Suspicious box scores of the dates, by name. Rows are not changed: grading decides what it can use, and the problems are reported.
SELECT game_date, problem, game_id, player_lookup, detail
FROM (
  SELECT game_date, 'key_missing' AS problem, game_id, player_lookup, CAST(NULL AS STRING) AS detail
  FROM box_scores
  WHERE COALESCE(TRIM(game_id), '') = '' OR COALESCE(TRIM(player_lookup), '') = ''
  UNION ALL
  SELECT game_date, 'points_missing', game_id, player_lookup, NULL
  FROM box_scores
  WHERE points IS NULL
  UNION ALL
  SELECT game_date, 'points_below_zero', game_id, player_lookup, CAST(points AS STRING)
  FROM box_scores
  WHERE points < 0
  UNION ALL
  SELECT game_date, 'minutes_missing', game_id, player_lookup, NULL
  FROM box_scores
  WHERE minutes_played IS NULL
  UNION ALL
  SELECT game_date, 'minutes_out_of_range', game_id, player_lookup, CAST(CAST(minutes_played AS FLOAT64) AS STRING)
  FROM box_scores
  WHERE minutes_played < 0 OR minutes_played > 70
  UNION ALL
  SELECT game_date, 'player_lookup_unusual', game_id, player_lookup, CONCAT('matches ', macro.PLAYER_KEY(player_lookup))
  FROM box_scores
  WHERE TRIM(player_lookup) <> '' AND NOT REGEXP_CONTAINS(player_lookup, '^[a-z0-9]+$')
  UNION ALL
  SELECT
    game_date,
    IF(COUNT(DISTINCT score) > 1, 'box_scores_differ', 'box_score_twice'),
    game_id,
    MIN(player_lookup),
    STRING_AGG(score, ' or ' ORDER BY score)
  FROM (
    SELECT
      game_date,
      game_id,
      player_lookup,
      macro.PLAYER_KEY(player_lookup) AS player_key,
      CONCAT(
        COALESCE(CAST(points AS STRING), 'no'), ' points in ',
        COALESCE(CAST(CAST(minutes_played AS FLOAT64) AS STRING), 'no'), ' minutes'
      ) AS score
    FROM box_scores
    WHERE TRIM(game_id) <> '' AND TRIM(player_lookup) <> ''
  )
  GROUP BY game_date, game_id, player_key
  HAVING COUNT(*) > 1
  UNION ALL
  SELECT
    B.game_date,
    'player_in_two_games',
    MIN(B.game_id),
    MIN(B.player_lookup),
    CONCAT('also ', MAX(B.game_id))
  FROM box_scores AS B
  JOIN games AS G ON G.game_date = B.game_date AND G.game_id = B.game_id
  WHERE TRIM(B.game_id) <> '' AND TRIM(B.player_lookup) <> ''
  GROUP BY B.game_date, macro.PLAYER_KEY(B.player_lookup)
  HAVING COUNT(DISTINCT G.game_key) > 1
  UNION ALL
  SELECT B.game_date, 'game_under_two_ids', MIN(B.game_id), NULL, CONCAT('also ', MAX(B.game_id))
  FROM box_scores AS B
  JOIN games AS G ON G.game_date = B.game_date AND G.game_id = B.game_id
  GROUP BY B.game_date, G.game_key
  HAVING COUNT(DISTINCT B.game_id) > 1
)
ORDER BY game_date, problem, game_id, player_lookup, detail
