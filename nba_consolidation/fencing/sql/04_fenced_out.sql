-- Dates whose fence does not hold our token: a newer lease wrote them, or the fence row is missing.
SELECT L.game_date, F.token, F.holder_id, F.run_id
FROM leases AS L
LEFT JOIN consolidation_fences AS F ON F.lease_key = L.lease_key
WHERE F.token IS NULL OR F.token <> L.token
ORDER BY L.game_date
