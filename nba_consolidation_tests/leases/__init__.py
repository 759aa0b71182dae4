"""Leases: the contract against every store, a model against every store, the lease, and real processes."""
