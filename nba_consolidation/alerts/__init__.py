"""Alerts: what failed becomes few messages, and the messages go out. Knows no Dagster; `sensors.alerts` finds what failed."""
