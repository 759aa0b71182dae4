"""Alerts: what failed becomes few messages, and they go out. Knows no Dagster; `sensors.alerts` finds what failed."""
