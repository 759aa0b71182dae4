-- Archives every row that is removed or gets another confidence, as it was.
INSERT INTO prediction_accuracy_removed (
  `macro.EACH_COLUMN`, removal, removal_reason, removed_at, removed_by_grading_id, removed_by_run_id
)
SELECT
  macro.EACH_COLUMN(V),
  IF(R.version_rank > 1, 'removed', 'changed'),
  IF(R.version_rank > 1, 'duplicate', 'confidence_scale'),
  @now,
  @grading_id,
  @run_id
FROM accuracy_versions AS V
JOIN accuracy_ranks AS R ON R.version_id = V.version_id
WHERE R.version_rank > 1 OR R.rescaled
