-- The fence row with the largest token.
SELECT lease_key, game_date, token, holder_id, run_id, updated_at
FROM consolidation_fences
ORDER BY token DESC, lease_key
LIMIT 1
