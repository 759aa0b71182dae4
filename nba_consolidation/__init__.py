"""Exactly-once consolidation of concurrently written staging tables, with Dagster."""
