-- The dates of this transaction, each with its lease and fencing token.
CREATE TEMP TABLE leases AS
SELECT *
FROM UNNEST(@leases)
