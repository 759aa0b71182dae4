-- Inserts the row of each business key that stays. Only a row that changes gets a new lineage; all others are as they were.
INSERT INTO player_prop_predictions (
  `macro.EACH_COLUMN`, game_id, player_lookup, system_id, prediction_id, created_at, prediction_version,
  is_active, superseded_by, invalidated_at, invalidation_reason,
  version_created_at, version_prediction_id, updated_at, lease_token, run_id, consolidation_id
)
SELECT
  macro.EACH_COLUMN(V),
  R.game_id,
  R.player_lookup,
  R.system_id,
  R.prediction_id,
  R.created_at,
  IF(R.change_reason IS NULL, V.prediction_version, R.prediction_version),
  IF(R.change_reason IS NULL, V.is_active, R.is_active),
  IF(R.change_reason IS NULL, V.superseded_by, R.superseded_by),
  IF(R.change_reason IS NULL, V.invalidated_at, R.invalidated_at),
  IF(R.change_reason IS NULL OR R.invalidated_at IS NULL, V.invalidation_reason, R.last_invalidation_reason),
  IF(R.change_reason IS NULL, V.version_created_at, R.version_created_at),
  IF(R.change_reason IS NULL, V.version_prediction_id, R.version_prediction_id),
  IF(R.change_reason IS NULL, V.updated_at, @now),
  IF(R.change_reason IS NULL, V.lease_token, L.token),
  IF(R.change_reason IS NULL, V.run_id, @run_id),
  IF(R.change_reason IS NULL, V.consolidation_id, @transaction_id)
FROM repair_versions AS V
JOIN repair_ranks AS R ON R.version_id = V.version_id
JOIN leases AS L ON L.game_date = V.game_date
WHERE R.version_rank = 1
