-- Invalidates rows as staged rows say: an invalidation counts for every version of its key made before it, no matter
-- which arrived first. One that is older than its own row counts from the time when that row was made.
UPDATE player_prop_predictions AS T
SET
  invalidated_at = I.invalidated_at,
  invalidation_reason = I.invalidation_reason,
  is_active = FALSE,
  updated_at = @now
FROM (
  SELECT
    macro.BUSINESS_KEY(C),
    GREATEST(S.invalidated_at, S.created_at) AS invalidated_at,
    S.invalidation_reason
  FROM staged_versions AS C
  JOIN staged AS S ON S.staging_table_number = C.staging_table_number AND S.staging_row = C.staging_row
  WHERE C.broken_rule IS NULL AND S.invalidated_at IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY macro.BUSINESS_KEY(C)
    ORDER BY GREATEST(S.invalidated_at, S.created_at) DESC, COALESCE(S.invalidation_reason, '') DESC
  ) = 1
) AS I
WHERE macro.SAME_KEY(T, I)
  AND T.game_date BETWEEN @first_date AND @last_date
  AND T.game_date IN UNNEST(@game_dates)
  AND I.invalidated_at >= COALESCE(T.version_created_at, T.created_at)
  AND (
    T.invalidated_at IS NULL
    OR I.invalidated_at > T.invalidated_at
    OR (
      I.invalidated_at = T.invalidated_at
      AND COALESCE(I.invalidation_reason, '') > COALESCE(T.invalidation_reason, '')
    )
  )
