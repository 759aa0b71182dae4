-- Rows that prediction_accuracy does not have yet, or has with other values. Columns that compare with the player's points
-- are NULL for a voided prediction.
CREATE TEMP TABLE changed_grades AS
SELECT G.*, T.game_date IS NULL AS is_new
FROM (
  SELECT
    player_lookup,
    game_id,
    game_date,
    system_id,
    current_points_line AS line_value,
    team_abbr,
    opponent_team_abbr,
    predicted_points,
    confidence_score,
    LEAST(10, CAST(FLOOR(confidence_score * 10) AS INT64) + 1) AS confidence_decile,
    recommendation,
    ROUND(referee_adjustment, 1) AS referee_adjustment,
    ROUND(pace_adjustment, 1) AS pace_adjustment,
    similar_games_count AS similarity_sample_size,
    actual_points,
    ROUND(minutes_played, 1) AS minutes_played,
    ABS(predicted_points - compared_points) AS absolute_error,
    predicted_points - compared_points AS signed_error,
    CASE outcome WHEN 'correct' THEN TRUE WHEN 'wrong' THEN FALSE END AS prediction_correct,
    predicted_points - current_points_line AS predicted_margin,
    compared_points - current_points_line AS actual_margin,
    ABS(predicted_points - compared_points) <= 3 AS within_3_points,
    ABS(predicted_points - compared_points) <= 5 AS within_5_points,
    has_prop_line,
    line_source,
    estimated_line_value,
    is_actionable,
    filter_reason,
    sportsbook AS line_bookmaker,
    line_source_api,
    outcome = 'voided' AS is_voided,
    IF(outcome = 'voided', outcome_reason, NULL) AS void_reason,
    injury_flag_at_prediction AS pre_game_injury_flag,
    injury_status_at_prediction AS pre_game_injury_status,
    COALESCE(outcome_reason = 'dnp_injury_confirmed', FALSE) AS injury_confirmed_postgame,
    feature_quality_score,
    CASE
      WHEN feature_quality_score >= 80 THEN 'HIGH'
      WHEN feature_quality_score >= 70 THEN 'MEDIUM'
      WHEN feature_quality_score IS NOT NULL THEN 'LOW'
    END AS data_quality_tier,
    model_version,
    outcome,
    outcome_reason,
    prediction_id,
    box_score_game_id
  FROM (
    SELECT
      *,
      ROUND(confidence, @confidence_digits) AS confidence_score,
      IF(outcome = 'voided', NULL, actual_points) AS compared_points
    FROM grades
    WHERE outcome <> 'waiting'
  )
) AS G
LEFT JOIN (
  SELECT *
  FROM prediction_accuracy
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
) AS T
  ON macro.SAME_ACCURACY_KEY(T, G)
WHERE T.game_date IS NULL OR macro.ANY_DIFFERENT(T, G)
