-- Every staged row that the manifest gives us, narrow: the row rule that it breaks, as 'column|rule|reason', or its rank
-- among the sound rows of its business key, the newest first, by created_at, then prediction_id. `peers` of the first
-- counts the rows that are equal to it in both; where there are several, settle_peers decides.
-- A row of no known game date goes with its table's first date, where it breaks the rule of the date.
CREATE TEMP TABLE candidates AS
SELECT
  *,
  ROW_NUMBER() OVER (
    PARTITION BY macro.BUSINESS_KEY(), broken_rule IS NULL ORDER BY created_at DESC, prediction_id DESC
  ) AS version_rank,
  COUNT(*) OVER (
    PARTITION BY macro.BUSINESS_KEY(), broken_rule IS NULL ORDER BY created_at DESC, prediction_id DESC
  ) AS peers
FROM (
  SELECT
    S.staging_table_number,
    S.staging_row,
    M.game_date AS consolidated_date,
    macro.BUSINESS_KEY(S),
    S.created_at,
    S.prediction_id,
    CASE
      WHEN S.row_error IS NOT NULL THEN S.row_error
      WHEN S.game_date IS NULL
        THEN 'game_date|present|a row must name its game date'
      WHEN S.game_date NOT BETWEEN @first_known_date AND @last_known_date
        THEN 'game_date|known|the game date must be one that the partitions know'
      WHEN COALESCE(TRIM(S.game_id), '') = ''
        THEN 'game_id|present|a row must name its game'
      WHEN COALESCE(TRIM(S.player_lookup), '') = ''
        THEN 'player_lookup|present|a row must name its player'
      WHEN COALESCE(TRIM(S.system_id), '') = ''
        THEN 'system_id|present|a row must name the system that made it'
      WHEN COALESCE(TRIM(S.prediction_id), '') = ''
        THEN 'prediction_id|present|a row must have an id'
      WHEN S.predicted_points IS NULL
        THEN 'predicted_points|present|a prediction must predict'
      WHEN S.predicted_points NOT BETWEEN 0 AND 80
        THEN 'predicted_points|range|predicted points must lie between 0 and 80'
      WHEN S.current_points_line <= 0 OR S.current_points_line >= 100
        THEN 'current_points_line|range|the line must be NULL, or above 0 and below 100'
      WHEN MOD(S.current_points_line * 2, 1) <> 0
        THEN 'current_points_line|half_point|the line must stand on the half point'
      WHEN S.recommendation IS NULL
        THEN 'recommendation|present|a row must recommend something'
      WHEN S.recommendation NOT IN ('OVER', 'UNDER', 'PASS', 'HOLD', 'NO_LINE', 'NO_PREDICTION')
        THEN 'recommendation|known|must be OVER, UNDER, PASS, HOLD, NO_LINE or NO_PREDICTION'
      WHEN S.confidence_score IS NULL
        THEN 'confidence_score|present|a prediction must say how sure it is'
      WHEN S.confidence_score NOT BETWEEN 0 AND 100
        THEN 'confidence_score|range|confidence must lie in its scale: 0 to 1, or 0 to 100'
      WHEN S.created_at IS NULL
        THEN 'created_at|present|a row must say when it was made'
      WHEN S.created_at > TIMESTAMP_ADD(@now, INTERVAL 5 MINUTE)
        THEN 'created_at|not_in_future|a row cannot have been made in the future'
    END AS broken_rule
  FROM staged AS S
  JOIN manifest AS M
    ON M.staging_table_number = S.staging_table_number
    AND M.game_date = IF(S.game_date BETWEEN @first_known_date AND @last_known_date, S.game_date, M.home_date)
)
