"""Fenced writes, and tables that are recomputed as a whole."""
