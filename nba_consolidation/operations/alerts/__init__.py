"""Alerts: failures are grouped into messages and sent. The sensor `alerts` reads the failures from Dagster."""
