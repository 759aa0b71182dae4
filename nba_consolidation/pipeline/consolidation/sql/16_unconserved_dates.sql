-- Audit: dates on which a staged row is not accounted for. There must be none.
SELECT game_date, staged, inserted, updated, stale, superseded, quarantined
FROM counts
WHERE staged <> inserted + updated + stale + superseded + quarantined
ORDER BY game_date
