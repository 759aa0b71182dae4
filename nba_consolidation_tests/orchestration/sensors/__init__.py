"""Sensors and schedules: the decisions, the runs that they request from Dagster, and a real daemon."""
