-- What was written under the leases of these dates, by kind of work: the ledgers, with the tokens.
SELECT 'consolidation' AS lock_type, game_date, lease_token, holder_id, run_id, staged AS written_rows,
  consolidated_at AS written_at
FROM consolidation_ledger
WHERE game_date BETWEEN @first_date AND @last_date
UNION ALL
SELECT kind AS lock_type, game_date, lease_token, holder_id, run_id, inserted + updated + removed AS written_rows,
  recorded_at AS written_at
FROM grading_ledger
WHERE game_date BETWEEN @first_date AND @last_date
ORDER BY written_at, lock_type, game_date, lease_token
