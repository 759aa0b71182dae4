-- Inserts no row: checks the right to write, and blocks nobody.
INSERT INTO consolidation_fences (lease_key, game_date, token, updated_at)
SELECT F.lease_key, F.game_date, F.token, F.updated_at
FROM consolidation_fences AS F
WHERE FALSE
