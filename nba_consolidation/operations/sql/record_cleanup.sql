-- Records what was done with old staging tables. A value that a table does not have is an empty text.
INSERT INTO staging_cleanups (
  staging_table, fingerprint, batch_id, worker_id, kind, action, archived_to, staged,
  first_date, last_date, modified_at, age_days, run_id, cleaned_at
)
SELECT
  staging_table, fingerprint, batch_id, worker_id, kind, action, NULLIF(archived_to, ''), staged,
  SAFE_CAST(first_date AS DATE), SAFE_CAST(last_date AS DATE), modified_at, age_days, @run_id, @now
FROM UNNEST(@cleaned)
