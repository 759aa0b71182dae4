"""Validates consolidated rows: active, not invalidated, confidence between 0 and 1."""
