-- Inserts nothing: whether we may write is found out, and nobody is kept waiting.
INSERT INTO consolidation_fences (lease_key, game_date, token, updated_at)
SELECT F.lease_key, F.game_date, F.token, F.updated_at
FROM consolidation_fences AS F
WHERE FALSE
