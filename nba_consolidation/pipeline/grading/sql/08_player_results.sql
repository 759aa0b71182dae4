-- One row per player and game key: points and minutes, or why the box score cannot be used. A box score that is there twice
-- counts once if both rows agree; if they differ, nobody can know which is right.
CREATE TEMP TABLE player_results AS
SELECT
  game_date,
  box_score_key,
  player_key,
  MIN(game_key) AS game_key,
  MIN(game_id) AS game_id,
  MIN(player_lookup) AS player_lookup,
  MIN(team_abbr) AS team_abbr,
  MIN(points) AS points,
  MIN(minutes_played) AS minutes_played,
  CASE
    WHEN COUNT(DISTINCT points) > 1 OR COUNT(DISTINCT ROUND(minutes_played, 1)) > 1 THEN 'box_scores_differ'
    WHEN MIN(points) IS NULL THEN 'box_score_without_points'
    WHEN MIN(points) < 0 OR MIN(minutes_played) < 0 THEN 'box_score_below_zero'
    WHEN MIN(points) = 0 AND MIN(minutes_played) IS NULL THEN 'box_score_without_minutes'
  END AS unusable
FROM box_scores_by_game_key
GROUP BY game_date, box_score_key, player_key
