-- Of each business key in its canonical spelling, which row stays, and what it becomes. As in a consolidation, the newest
-- version stays, by the time it was made, then by its id, then by content; prediction_id and created_at of the first
-- version stay; an invalidation counts for every version made before it; and of a game, player and system exactly the
-- newest version is active, unless it was invalidated.
-- Only rows of a game, player and system with a fault change. change_reason: why the row changes if it stays; else NULL.
CREATE TEMP TABLE repair_ranks AS
SELECT
  *,
  CASE
    WHEN version_rank > 1 OR NOT is_faulty THEN NULL
    WHEN is_misspelt THEN 'spelling'
    WHEN prediction_id IS DISTINCT FROM old_prediction_id
      OR created_at IS DISTINCT FROM old_created_at
      OR invalidated_at IS DISTINCT FROM old_invalidated_at
      THEN 'duplicate'
    WHEN is_active IS DISTINCT FROM old_is_active OR superseded_by IS DISTINCT FROM old_superseded_by THEN 'activation'
  END AS change_reason
FROM (
  SELECT
    * EXCEPT (is_active, superseded_by, invalidated_at, is_fault),
    is_active AS old_is_active,
    superseded_by AS old_superseded_by,
    invalidated_at AS old_invalidated_at,
    IF(
      last_invalidated_at >= COALESCE(version_created_at, last_invalidated_at), last_invalidated_at, NULL
    ) AS invalidated_at,
    ROW_NUMBER() OVER newest_first = 1
      AND COALESCE(last_invalidated_at < version_created_at, last_invalidated_at IS NULL) AS is_active,
    IF(ROW_NUMBER() OVER newest_first = 1, NULL, FIRST_VALUE(prediction_id) OVER newest_first) AS superseded_by,
    MAX(IF(is_fault, 1, 0)) OVER (PARTITION BY macro.ACTIVATION_KEY()) = 1 AS is_faulty
  FROM (
    SELECT
      * EXCEPT (prediction_id, created_at, prediction_version, valid_until),
      prediction_id AS old_prediction_id,
      created_at AS old_created_at,
      ROW_NUMBER() OVER newest_first AS version_rank,
      FIRST_VALUE(prediction_id) OVER oldest_first AS prediction_id,
      FIRST_VALUE(created_at) OVER oldest_first AS created_at,
      GREATEST(MAX(prediction_version) OVER copies, DENSE_RANK() OVER oldest_version_first) AS prediction_version,
      FIRST_VALUE(valid_until) OVER last_invalidated_first AS last_invalidated_at,
      FIRST_VALUE(invalidation_reason) OVER last_invalidated_first AS last_invalidation_reason,
      COUNT(*) OVER copies > 1
        OR is_misspelt
        OR SUM(IF(is_active, 1, 0)) OVER (PARTITION BY macro.ACTIVATION_KEY()) > 1 AS is_fault
    FROM (
      SELECT
        version_id,
        game_date,
        macro.TRIMMED(game_id) AS game_id,
        macro.PLAYER_KEY(player_lookup) AS player_lookup,
        macro.TRIMMED(system_id) AS system_id,
        current_points_line,
        prediction_id,
        created_at,
        COALESCE(version_created_at, created_at) AS version_created_at,
        COALESCE(version_prediction_id, prediction_id) AS version_prediction_id,
        COALESCE(prediction_version, 1) AS prediction_version,
        is_active,
        superseded_by,
        invalidated_at,
        invalidation_reason,
        IF(
          invalidated_at IS NULL,
          NULL,
          GREATEST(invalidated_at, COALESCE(version_created_at, created_at, invalidated_at))
        ) AS valid_until,
        macro.IS_MISSPELT(game_id, player_lookup, system_id) AS is_misspelt,
        macro.ROW_AS_JSON(V) AS content
      FROM repair_versions AS V
    )
    WINDOW
      copies AS (PARTITION BY macro.BUSINESS_KEY()),
      newest_first AS (
        PARTITION BY macro.BUSINESS_KEY()
        ORDER BY version_created_at DESC, version_prediction_id DESC, content DESC
      ),
      oldest_first AS (
        PARTITION BY macro.BUSINESS_KEY()
        ORDER BY created_at IS NULL, created_at, prediction_id IS NULL, prediction_id
      ),
      oldest_version_first AS (PARTITION BY macro.BUSINESS_KEY() ORDER BY version_created_at),
      last_invalidated_first AS (
        PARTITION BY macro.BUSINESS_KEY() ORDER BY valid_until DESC, COALESCE(invalidation_reason, '') DESC
      )
  )
  WINDOW newest_first AS (
    PARTITION BY macro.ACTIVATION_KEY(), version_rank = 1
    ORDER BY version_created_at DESC, version_prediction_id DESC, current_points_line DESC
  )
)
