-- Every game id with the game that it means: the two teams in alphabetical order, so that AWAY_HOME, HOME_AWAY and a
-- league id are one game (incident 33). If an id does not name its teams, the rows do, box scores first.
-- `ids`: how many ids the game has. `box_score_key`: the key of its box scores: the id itself, or else the teams.
CREATE TEMP TABLE games AS
SELECT
  game_date,
  game_id,
  COALESCE(MAX(teams_played), MAX(teams_predicted), game_id) AS game_key,
  COUNT(*) OVER (PARTITION BY game_date, COALESCE(MAX(teams_played), MAX(teams_predicted), game_id)) AS ids,
  IF(LOGICAL_OR(is_box_score), game_id, COALESCE(MAX(teams_predicted), game_id)) AS box_score_key
FROM (
  SELECT
    game_date,
    game_id,
    is_box_score,
    IF(is_box_score, teams, NULL) AS teams_played,
    IF(is_box_score, NULL, teams) AS teams_predicted
  FROM (
    SELECT
      game_date,
      game_id,
      is_box_score,
      CASE
        WHEN REGEXP_CONTAINS(game_id, '^[0-9]{8}_[A-Z]+_[A-Z]+$')
          THEN CONCAT(
            LEAST(SPLIT(game_id, '_')[OFFSET(1)], SPLIT(game_id, '_')[OFFSET(2)]),
            ' ',
            GREATEST(SPLIT(game_id, '_')[OFFSET(1)], SPLIT(game_id, '_')[OFFSET(2)])
          )
        WHEN team_abbr <> opponent_team_abbr
          THEN CONCAT(LEAST(team_abbr, opponent_team_abbr), ' ', GREATEST(team_abbr, opponent_team_abbr))
      END AS teams
    FROM (
      SELECT DISTINCT game_date, game_id, team_abbr, opponent_team_abbr, TRUE AS is_box_score
      FROM box_scores
      UNION ALL
      SELECT DISTINCT game_date, game_id, team_abbr, opponent_team_abbr, FALSE AS is_box_score
      FROM validated_predictions
      WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
    )
  )
)
GROUP BY game_date, game_id
