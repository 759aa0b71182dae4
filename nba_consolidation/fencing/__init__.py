"""How every table is written: under leases, with the fence checked inside the transaction."""
