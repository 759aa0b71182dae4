-- The rows that the dates will have, one per business key: inserted, updated or unchanged. Of each game, player and
-- system exactly the newest version is active, unless it was invalidated; the others name the one that supersedes
-- them. Computed before anything is written, so that a new row is written once.
-- is_tied: it is active over another line of the same moment, so prediction_id alone decided.
CREATE TEMP TABLE current_versions AS
SELECT
  macro.BUSINESS_KEY(),
  staging_table_number,
  staging_row,
  outcome,
  version_rank = 1 AND invalidated_at IS NULL AS is_active,
  IF(version_rank = 1, NULL, newest_id) AS superseded_by,
  version_rank = 1 AND invalidated_at IS NULL AND COALESCE(version_created_at = next_created_at, FALSE) AS is_tied
FROM (
  SELECT
    *,
    ROW_NUMBER() OVER newest_first AS version_rank,
    FIRST_VALUE(prediction_id) OVER newest_first AS newest_id,
    LEAD(version_created_at) OVER newest_first AS next_created_at
  FROM (
    SELECT
      macro.BUSINESS_KEY(),
      staging_table_number,
      staging_row,
      outcome,
      prediction_id,
      created_at AS version_created_at,
      prediction_id AS version_prediction_id,
      CAST(NULL AS TIMESTAMP) AS invalidated_at
    FROM outcomes
    WHERE outcome = 'inserted'
    UNION ALL
    SELECT
      macro.BUSINESS_KEY(T),
      O.staging_table_number,
      O.staging_row,
      COALESCE(O.outcome, 'unchanged') AS outcome,
      T.prediction_id,
      COALESCE(O.created_at, T.version_created_at, T.created_at) AS version_created_at,
      COALESCE(O.prediction_id, T.version_prediction_id, T.prediction_id) AS version_prediction_id,
      IF(T.invalidated_at < O.created_at, NULL, T.invalidated_at) AS invalidated_at
    FROM player_prop_predictions AS T
    LEFT JOIN outcomes AS O ON macro.SAME_KEY(O, T) AND O.outcome = 'updated'
    WHERE T.game_date BETWEEN @first_date AND @last_date AND T.game_date IN UNNEST(@game_dates)
  )
  WINDOW newest_first AS (
    PARTITION BY macro.ACTIVATION_KEY()
    ORDER BY version_created_at DESC, version_prediction_id DESC, current_points_line DESC
  )
)
