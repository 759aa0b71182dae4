"""Statements as they are rendered for each engine."""
