-- Of the sound rows of a business key, the newest: by created_at, then prediction_id. `peers` counts the rows that
-- are equal in both; where there are several, settle_peers decides.
CREATE TEMP TABLE newest AS
SELECT
  staging_table_number,
  staging_row,
  business_key,
  created_at,
  prediction_id,
  COUNT(*) OVER (PARTITION BY business_key ORDER BY created_at DESC, prediction_id DESC) AS peers
FROM candidates
WHERE broken_rule IS NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY business_key ORDER BY created_at DESC, prediction_id DESC) = 1
