"""Sensors and schedules: what is decided, what Dagster is told, and a daemon that does it."""
