-- Archives every row that is removed or is changed, as it was.
INSERT INTO macro.REMOVED (
  `macro.EACH_COLUMN`, removal, removal_reason, removed_at, `macro.REMOVED_BY`, removed_by_run_id
)
SELECT
  macro.EACH_COLUMN(V),
  IF(R.version_rank > 1, 'removed', 'changed'),
  IF(R.version_rank > 1, 'duplicate', R.change_reason),
  @now,
  @transaction_id,
  @run_id
FROM repair_versions AS V
JOIN repair_ranks AS R ON R.version_id = V.version_id
WHERE R.version_rank > 1 OR R.change_reason IS NOT NULL
