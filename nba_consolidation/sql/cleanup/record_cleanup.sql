-- What became of old staging tables.
INSERT INTO staging_cleanups (
  staging_table, fingerprint, batch_id, worker_id, kind, action, archived_to, staged,
  first_date, last_date, modified_at, age_days, run_id, cleaned_at
)
SELECT
  staging_table, fingerprint, batch_id, worker_id, kind, action, archived_to, staged,
  first_date, last_date, modified_at, age_days, run_id, cleaned_at
FROM cleaned
