"""Which consolidated rows are usable: active, not invalidated, confidence between 0 and 1."""
