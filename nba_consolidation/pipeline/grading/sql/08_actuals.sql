-- One row per player and key of a game under which he has a box score: what he did, or why it cannot be used. A box
-- score that stands twice counts once if both say the same; if they do not, nobody can know which is true.
CREATE TEMP TABLE actuals AS
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
    WHEN COUNT(DISTINCT points) > 1 OR COUNT(DISTINCT minutes_played) > 1 THEN 'box_scores_differ'
    WHEN MIN(points) IS NULL THEN 'box_score_without_points'
    WHEN MIN(points) < 0 OR MIN(minutes_played) < 0 THEN 'box_score_below_zero'
    WHEN MIN(points) = 0 AND MIN(minutes_played) IS NULL THEN 'box_score_without_minutes'
  END AS unusable
FROM keyed_box_scores
GROUP BY game_date, box_score_key, player_key
