-- Of each date the consolidation that was last to commit.
SELECT game_date, lease_token, run_id, consolidated_at
FROM consolidation_ledger
WHERE game_date BETWEEN @first_date AND @last_date
QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date ORDER BY lease_token DESC, consolidated_at DESC) = 1
ORDER BY game_date
