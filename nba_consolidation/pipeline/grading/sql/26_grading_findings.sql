-- What a person should know about these dates: matches by another name or id, and predictions that could not be graded.
SELECT game_date, finding, game_id, player_lookup, predictions, detail
FROM (
  SELECT
    game_date, outcome_reason AS finding, game_id,
    IF(outcome_reason = 'game_without_box_scores', NULL, player_lookup) AS player_lookup,
    COUNT(*) AS predictions,
    CASE outcome_reason
      WHEN 'box_score_under_another_id' THEN MIN(other_game_id)
      WHEN 'similar_box_score_name' THEN MIN(similar_name)
      WHEN 'player_under_another_name' THEN CONCAT('counted as ', MIN(newest_prediction))
    END AS detail
  FROM grades
  WHERE outcome = 'waiting' OR outcome_reason IN ('game_under_another_id', 'player_under_another_name', 'after_tip_off')
  GROUP BY game_date, outcome_reason, game_id, IF(outcome_reason = 'game_without_box_scores', NULL, player_lookup)
  UNION ALL
  SELECT game_date, 'game_id_differs', game_id, NULL, COUNT(*), MIN(box_score_game_id)
  FROM grades
  WHERE box_score_game_id IS NOT NULL
  GROUP BY game_date, game_id
  UNION ALL
  SELECT game_date, 'name_differs', game_id, player_lookup, COUNT(*), MIN(box_score_player)
  FROM grades
  WHERE box_score_player <> player_lookup
  GROUP BY game_date, game_id, player_lookup
  UNION ALL
  SELECT game_date, 'team_differs', game_id, player_lookup, COUNT(*), CONCAT(MIN(team_abbr), ', played for ', MIN(box_score_team))
  FROM grades
  WHERE box_score_team <> team_abbr
  GROUP BY game_date, game_id, player_lookup
  UNION ALL
  SELECT V.game_date, 'played_another_game', V.game_id, V.player_lookup, COUNT(DISTINCT V.system_id), MIN(A.game_id)
  FROM grades AS V
  JOIN player_results AS A ON A.game_date = V.game_date AND A.player_key = V.player_key AND A.game_key <> V.game_key
  WHERE V.box_score_player IS NULL
  GROUP BY V.game_date, V.game_id, V.player_lookup
  UNION ALL
  SELECT Y.game_date, 'game_without_predictions', MIN(Y.game_id), NULL, 0, NULL
  FROM played_games AS Y
  LEFT JOIN grades AS V ON V.game_date = Y.game_date AND V.game_key = Y.game_key
  WHERE V.game_date IS NULL
  GROUP BY Y.game_date, Y.game_key
)
ORDER BY game_date, finding, game_id, player_lookup, detail, predictions
LIMIT 5000
