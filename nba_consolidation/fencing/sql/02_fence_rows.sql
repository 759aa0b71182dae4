-- Creates missing fence rows. They must exist before a transaction checks them: an insert conflicts with nobody.
INSERT INTO consolidation_fences (lease_key, game_date, token, updated_at)
SELECT L.lease_key, L.game_date, 0, @now
FROM leases AS L
WHERE L.lease_key NOT IN (SELECT F.lease_key FROM consolidation_fences AS F)
