-- The dates of this transaction, each with the lease that guards it and its fencing token.
CREATE TEMP TABLE leases AS
SELECT *
FROM UNNEST(@leases)
