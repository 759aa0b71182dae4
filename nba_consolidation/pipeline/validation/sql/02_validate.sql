-- The usable rows: active, not invalidated, with a confidence that fits the scale of its group, and is then between 0 and 1.
INSERT INTO validated_predictions (
  prediction_id, prediction_version, game_date, game_id, player_lookup, team_abbr, opponent_team_abbr,
  system_id, model_version, predicted_points, current_points_line, edge, recommendation,
  confidence, confidence_scale,
  has_prop_line, line_source, line_source_api, sportsbook, estimated_line_value, is_actionable, filter_reason,
  injury_status_at_prediction, injury_flag_at_prediction, prediction_made_before_game,
  feature_quality_score, pace_adjustment, referee_adjustment, similar_games_count,
  version_created_at, validated_at, lease_token, run_id
)
SELECT
  P.prediction_id, P.prediction_version, P.game_date, P.game_id, P.player_lookup, P.team_abbr, P.opponent_team_abbr,
  P.system_id, P.model_version, P.predicted_points, P.current_points_line,
  P.predicted_points - P.current_points_line,
  P.recommendation,
  ROUND(IF(C.is_percent, P.confidence_score / 100, P.confidence_score), 6),
  IF(C.is_percent, 'percent', 'fraction'),
  P.has_prop_line, P.line_source, P.line_source_api, P.sportsbook, P.estimated_line_value,
  P.is_actionable, P.filter_reason,
  P.injury_status_at_prediction, P.injury_flag_at_prediction, P.prediction_made_before_game,
  P.feature_quality_score, P.pace_adjustment, P.referee_adjustment, P.similar_games_count,
  COALESCE(P.version_created_at, P.created_at), @now, L.token, @run_id
FROM player_prop_predictions AS P
JOIN confidence_scales AS C
  ON C.game_date = P.game_date AND C.system_id = P.system_id AND C.batch = COALESCE(P.batch_id, '')
JOIN leases AS L ON L.game_date = P.game_date
WHERE P.game_date BETWEEN @first_date AND @last_date
  AND P.game_date IN UNNEST(@game_dates)
  AND P.is_active
  AND P.invalidated_at IS NULL
  AND macro.FITS_SCALE(P.confidence_score, C.is_percent, C.is_declared)
