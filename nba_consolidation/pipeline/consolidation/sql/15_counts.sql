-- The counts of each date. Each is counted independently: `staged` in the listing, the others in the tables that the
-- rows went to.
CREATE TEMP TABLE counts AS
SELECT
  L.game_date,
  L.token,
  COALESCE(M.staging_tables, 0) AS staging_tables,
  COALESCE(M.staged, 0) AS staged,
  COALESCE(T.inserted, 0) AS inserted,
  COALESCE(T.updated, 0) AS updated,
  COALESCE(V.stale, 0) AS stale,
  COALESCE(V.superseded, 0) AS superseded,
  COALESCE(Q.quarantined, 0) AS quarantined,
  COALESCE(T.total_rows, 0) AS total_rows,
  COALESCE(T.active_rows, 0) AS active_rows,
  COALESCE(N.tied_players, 0) AS tied_players
FROM leases AS L
LEFT JOIN (
  SELECT game_date, COUNT(*) AS staging_tables, CAST(SUM(listed_rows) AS INT64) AS staged
  FROM manifest
  GROUP BY game_date
) AS M ON M.game_date = L.game_date
LEFT JOIN (
  SELECT game_date, COUNTIF(outcome = 'stale') AS stale, COUNTIF(outcome = 'superseded') AS superseded
  FROM lost_versions
  WHERE game_date IN UNNEST(@game_dates) AND consolidation_id = @consolidation_id
  GROUP BY game_date
) AS V ON V.game_date = L.game_date
LEFT JOIN (
  SELECT game_date, COUNT(*) AS quarantined
  FROM quarantined_predictions
  WHERE game_date IN UNNEST(@game_dates) AND consolidation_id = @consolidation_id
  GROUP BY game_date
) AS Q ON Q.game_date = L.game_date
LEFT JOIN (
  SELECT
    game_date,
    COUNTIF(consolidation_id = @consolidation_id AND prediction_version = 1) AS inserted,
    COUNTIF(consolidation_id = @consolidation_id AND prediction_version > 1) AS updated,
    COUNT(*) AS total_rows,
    COUNTIF(is_active) AS active_rows
  FROM player_prop_predictions
  WHERE game_date BETWEEN @first_date AND @last_date AND game_date IN UNNEST(@game_dates)
  GROUP BY game_date
) AS T ON T.game_date = L.game_date
LEFT JOIN (
  SELECT game_date, COUNT(DISTINCT player_lookup) AS tied_players
  FROM current_versions
  WHERE is_tied
  GROUP BY game_date
) AS N ON N.game_date = L.game_date
