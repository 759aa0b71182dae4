-- Quarantines the rows that break a row rule, as they were staged, with the rule and the reason. A reason can name a value, with a | in it.
INSERT INTO quarantined_predictions (
  game_date, staging_table, staging_row, column_name, rule, reason,
  original_row, quarantined_at, lease_token, run_id, consolidation_id
)
SELECT
  C.consolidated_date,
  M.staging_table,
  C.staging_row,
  SPLIT(C.broken_rule, '|')[OFFSET(0)],
  SPLIT(C.broken_rule, '|')[OFFSET(1)],
  REGEXP_EXTRACT(C.broken_rule, r'(?s)^[^|]*[|][^|]*[|](.*)$'),
  COALESCE(S.original_row, macro.ROW_AS_JSON(S)),
  @now,
  L.token,
  @run_id,
  @consolidation_id
FROM staged_versions AS C
JOIN staged AS S ON S.staging_table_number = C.staging_table_number AND S.staging_row = C.staging_row
JOIN manifest AS M ON M.staging_table_number = C.staging_table_number AND M.game_date = C.consolidated_date
JOIN leases AS L ON L.game_date = C.consolidated_date
WHERE C.broken_rule IS NOT NULL
