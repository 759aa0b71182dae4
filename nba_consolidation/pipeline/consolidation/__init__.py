"""Consolidates the staged predictions of a game date into one row per business key, exactly once."""
