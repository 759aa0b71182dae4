-- Every staged row of the manifest, without its values: either the row rule that it breaks, or its rank among the sound
-- rows of its business key, the newest first, by created_at, then prediction_id. tied_rows counts the rows that are
-- equal to it in both; where the first has several, break_ties decides.
-- A row without a known game date is consolidated with its table's first date, where it breaks the rule of the date.
CREATE TEMP TABLE staged_versions AS
SELECT
  *,
  ROW_NUMBER() OVER (
    PARTITION BY macro.BUSINESS_KEY(), broken_rule IS NULL ORDER BY created_at DESC, prediction_id DESC
  ) AS version_rank,
  COUNT(*) OVER (
    PARTITION BY macro.BUSINESS_KEY(), broken_rule IS NULL ORDER BY created_at DESC, prediction_id DESC
  ) AS tied_rows
FROM (
  SELECT
    S.staging_table_number,
    S.staging_row,
    M.game_date AS consolidated_date,
    macro.BUSINESS_KEY(S),
    S.created_at,
    S.prediction_id,
    macro.ROW_RULES(S, @first_known_date, @last_known_date, @now) AS broken_rule
  FROM staged AS S
  JOIN manifest AS M
    ON M.staging_table_number = S.staging_table_number
    AND M.game_date = IF(S.game_date BETWEEN @first_known_date AND @last_known_date, S.game_date, M.home_date)
)
