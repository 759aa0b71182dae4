-- The rows before a repair, and of them those to repair, by date and system in its canonical spelling. active_twins: active
-- rows beyond the first of a game, player and system.
CREATE TEMP TABLE repair_before AS
SELECT
  game_date,
  system_id,
  COUNT(*) AS total_rows,
  COUNTIF(is_active) AS active_rows,
  COUNTIF(copy_number > 1) AS duplicates,
  COUNTIF(is_active AND active_number > 1) AS active_twins,
  COUNTIF(is_misspelt) AS misspelt,
  COUNTIF(copy_number > 1 OR is_misspelt OR (is_active AND active_number > 1)) AS to_repair
FROM (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY macro.BUSINESS_KEY()) AS copy_number,
    ROW_NUMBER() OVER (PARTITION BY macro.ACTIVATION_KEY() ORDER BY is_active DESC) AS active_number
  FROM (
    SELECT
      game_date,
      macro.TRIMMED(game_id) AS game_id,
      macro.PLAYER_KEY(player_lookup) AS player_lookup,
      macro.TRIMMED(system_id) AS system_id,
      current_points_line,
      COALESCE(is_active, FALSE) AS is_active,
      macro.IS_MISSPELT(game_id, player_lookup, system_id) AS is_misspelt
    FROM player_prop_predictions
    WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  )
)
GROUP BY game_date, system_id
