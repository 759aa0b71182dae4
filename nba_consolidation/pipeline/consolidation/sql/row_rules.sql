-- The first rule that a staged row S breaks, as 'column|rule|reason'; NULL for a sound row. One WHEN per rule.
-- The text parts of the key have one spelling, which the reason of rule `canonical` names.
-- A row_error comes from reading the row: a value that does not fit its column. Workers' clocks may be 5 minutes ahead.
CREATE TEMP FUNCTION ROW_RULES(S ANY TYPE, first_known_date DATE, last_known_date DATE, now TIMESTAMP) AS (
  CASE
    WHEN S.row_error IS NOT NULL THEN S.row_error
    WHEN S.game_date IS NULL THEN 'game_date|present|must be present'
    WHEN S.game_date NOT BETWEEN first_known_date AND last_known_date THEN 'game_date|known|is not a known game date'
    WHEN COALESCE(macro.TRIMMED(S.game_id), '') = '' THEN 'game_id|present|must be present'
    WHEN COALESCE(macro.TRIMMED(S.player_lookup), '') = '' THEN 'player_lookup|present|must be present'
    WHEN COALESCE(macro.TRIMMED(S.system_id), '') = '' THEN 'system_id|present|must be present'
    WHEN S.game_id <> macro.TRIMMED(S.game_id)
      THEN CONCAT('game_id|canonical|must have no surrounding blanks: ', macro.TRIMMED(S.game_id))
    WHEN NOT REGEXP_CONTAINS(S.player_lookup, '^[a-z0-9]+$')
      THEN CONCAT(
        'player_lookup|canonical|must be lower-case ASCII letters and digits',
        IF(
          REGEXP_CONTAINS(macro.PLAYER_KEY(S.player_lookup), '^[a-z0-9]+$'),
          CONCAT(': ', macro.PLAYER_KEY(S.player_lookup)),
          ''
        )
      )
    WHEN S.system_id <> macro.TRIMMED(S.system_id)
      THEN CONCAT('system_id|canonical|must have no surrounding blanks: ', macro.TRIMMED(S.system_id))
    WHEN COALESCE(TRIM(S.prediction_id), '') = '' THEN 'prediction_id|present|must be present'
    WHEN S.predicted_points IS NULL THEN 'predicted_points|present|must be present'
    WHEN S.predicted_points NOT BETWEEN 0 AND 80 THEN 'predicted_points|range|must be between 0 and 80'
    WHEN S.current_points_line <= 0 THEN 'current_points_line|range|must be NULL, or above 0 and below 100'
    WHEN S.current_points_line >= 100 THEN 'current_points_line|range|must be NULL, or above 0 and below 100'
    WHEN MOD(S.current_points_line * 2, 1) <> 0 THEN 'current_points_line|half_point|must be a multiple of 0.5'
    WHEN S.recommendation IS NULL THEN 'recommendation|present|must be present'
    WHEN S.recommendation NOT IN ('OVER', 'UNDER', 'PASS', 'HOLD', 'NO_LINE', 'NO_PREDICTION')
      THEN 'recommendation|known|must be OVER, UNDER, PASS, HOLD, NO_LINE or NO_PREDICTION'
    WHEN S.confidence_score IS NULL THEN 'confidence_score|present|must be present'
    WHEN S.confidence_score NOT BETWEEN 0 AND 100 THEN 'confidence_score|range|must be between 0 and 1, or 0 and 100'
    WHEN S.created_at IS NULL THEN 'created_at|present|must be present'
    WHEN S.created_at > TIMESTAMP_ADD(now, INTERVAL 5 MINUTE) THEN 'created_at|not_in_future|must not be in the future'
  END
)
