"""Staged predictions of a game date become one row per business key, exactly once."""
