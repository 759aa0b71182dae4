-- Inserts the new rows whose primary key the table does not have, each under the lease of its lease_date.
INSERT INTO macro.TABLE (`macro.EACH_COLUMN`, lease_token, run_id, `macro.WRITTEN_AT`)
SELECT macro.EACH_COLUMN(N), L.token, @run_id, @now
FROM macro.NEW_ROWS AS N
JOIN leases AS L ON L.game_date = N.lease_date
WHERE NOT EXISTS (SELECT 1 FROM macro.TABLE AS T WHERE macro.SAME_PRIMARY_KEY(T, N))
