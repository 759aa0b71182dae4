-- The rows before a repair, and of them those to repair, by date and system. The scale of a confidence is the one declared
-- for its system; else a group (system, game date) whose median confidence is above 1 is in percent (incident 37), and a
-- row that does not fit it is left alone. The median is that of the rows that stay, so a second repair decides the same. `stays` follows the order of accuracy_ranks.
-- Only rows that no fenced transaction wrote count: fenced ones are between 0 and 1.
CREATE TEMP TABLE repair_before AS
SELECT
  *,
  duplicates + percent_scale_rows AS to_repair
FROM (
  SELECT
    game_date,
    system_id,
    total_rows,
    total_rows - accuracy_keys AS duplicates,
    is_percent,
    is_declared,
    CASE WHEN NOT is_percent THEN 0 WHEN is_declared THEN unfenced ELSE unfenced - strays END AS percent_scale_rows,
    graded,
    bets,
    correct
  FROM (
    SELECT
      game_date,
      system_id,
      COALESCE(system_id IN UNNEST(@percent_systems), FALSE) AS is_declared,
      CAST(SUM(copies) AS INT64) AS total_rows,
      COUNT(*) AS accuracy_keys,
      CASE
        WHEN system_id IS NULL THEN FALSE
        WHEN system_id IN UNNEST(@percent_systems) THEN TRUE
        WHEN system_id IN UNNEST(@fraction_systems) THEN FALSE
        ELSE macro.MOSTLY_PERCENT(CAST(SUM(above_one) AS INT64), CAST(SUM(above_zero) AS INT64))
      END AS is_percent,
      CAST(SUM(unfenced) AS INT64) AS unfenced,
      CAST(SUM(strays) AS INT64) AS strays,
      CAST(SUM(graded) AS INT64) AS graded,
      CAST(SUM(bets) AS INT64) AS bets,
      CAST(SUM(correct) AS INT64) AS correct
    FROM (
      SELECT
        macro.ACCURACY_KEY(),
        COUNT(*) AS copies,
        COUNTIF(stays AND grading_id IS NULL AND confidence_score > 1) AS above_one,
        COUNTIF(stays AND grading_id IS NULL AND confidence_score > 0) AS above_zero,
        COUNTIF(grading_id IS NULL AND NOT macro.FITS_SCALE(confidence_score, TRUE, FALSE)) AS strays,
        COUNTIF(grading_id IS NULL AND COALESCE(confidence_score, 0) <> 0) AS unfenced,
        COUNT(actual_points) AS graded,
        COUNT(prediction_correct) AS bets,
        COUNTIF(prediction_correct IS TRUE) AS correct
      FROM (
        SELECT
          *,
          ROW_NUMBER() OVER (
            PARTITION BY macro.ACCURACY_KEY()
            ORDER BY
              actual_points IS NOT NULL DESC, COALESCE(recommendation IN ('OVER', 'UNDER'), FALSE) DESC,
              graded_at DESC, confidence_score DESC, grading_id IS NULL DESC
          ) = 1 AS stays
        FROM prediction_accuracy
        WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
      )
      GROUP BY macro.ACCURACY_KEY()
    )
    GROUP BY game_date, system_id
  )
)
