-- Of a game, player and system exactly the newest version is active, unless it was invalidated; the others name it.
-- Only rows that this changes are written.
UPDATE player_prop_predictions AS T
SET is_active = R.to_be_active, superseded_by = R.to_be_superseded_by
FROM (
  SELECT
    business_key,
    is_active,
    superseded_by,
    version_rank = 1 AND invalidated_at IS NULL AS to_be_active,
    IF(version_rank = 1, NULL, newest_id) AS to_be_superseded_by
  FROM (
    SELECT
      business_key,
      is_active,
      superseded_by,
      invalidated_at,
      ROW_NUMBER() OVER (
        PARTITION BY activation_key
        ORDER BY
          COALESCE(version_created_at, created_at) DESC,
          COALESCE(version_prediction_id, prediction_id) DESC,
          current_points_line DESC
      ) AS version_rank,
      FIRST_VALUE(prediction_id) OVER (
        PARTITION BY activation_key
        ORDER BY
          COALESCE(version_created_at, created_at) DESC,
          COALESCE(version_prediction_id, prediction_id) DESC,
          current_points_line DESC
      ) AS newest_id
    FROM player_prop_predictions
    WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  )
) AS R
WHERE SAME_KEY(T, R)
  AND T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
  AND (R.is_active IS DISTINCT FROM R.to_be_active OR R.superseded_by IS DISTINCT FROM R.to_be_superseded_by)
