-- Dates whose fence is not ours: somebody with a newer lease wrote, or the fence row is missing.
SELECT L.game_date, L.token AS our_token, F.token AS newer_token, F.holder_id AS newer_holder
FROM leases AS L
LEFT JOIN consolidation_fences AS F ON F.lease_key = L.lease_key
WHERE F.token IS NULL OR F.token <> L.token
ORDER BY L.game_date
