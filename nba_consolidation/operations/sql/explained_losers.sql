-- The versions of one player on one date that lost, oldest first.
SELECT
  macro.BUSINESS_KEY(), prediction_id, created_at, staging_table, outcome,
  lost_at, lease_token, run_id, consolidation_id
FROM lost_versions
WHERE game_date = @game_date
  AND player_lookup = @player_lookup
  AND (@system_id IS NULL OR system_id = @system_id)
  AND (@game_id IS NULL OR game_id = @game_id)
  AND (@every_line OR current_points_line IS NOT DISTINCT FROM @line)
ORDER BY created_at, prediction_id, lost_at, macro.BUSINESS_KEY(), staging_table
