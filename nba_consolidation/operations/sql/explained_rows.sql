-- The current rows of one player on one date, and where their values came from.
SELECT
  macro.BUSINESS_KEY(), prediction_id, prediction_version, predicted_points, recommendation, is_active, superseded_by,
  invalidated_at, invalidation_reason, created_at, updated_at,
  version_prediction_id, version_created_at, staging_table, batch_id, lease_token, run_id, consolidation_id
FROM player_prop_predictions
WHERE game_date = @game_date
  AND player_lookup = @player_lookup
  AND (@system_id IS NULL OR system_id = @system_id)
  AND (@game_id IS NULL OR game_id = @game_id)
  AND (@every_line OR current_points_line IS NOT DISTINCT FROM @line)
ORDER BY system_id, game_id, current_points_line, prediction_id
