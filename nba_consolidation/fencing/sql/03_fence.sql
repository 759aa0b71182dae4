-- Writes our token into the fence, unless a larger one is there. Two writers of one date conflict on this row.
UPDATE consolidation_fences AS F
SET token = L.token, holder_id = @holder_id, run_id = @run_id, updated_at = @now
FROM leases AS L
WHERE F.lease_key = L.lease_key AND F.token <= L.token
