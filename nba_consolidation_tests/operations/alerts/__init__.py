"""Alerts: the grouping alone, then real mail and a real client, then a sensor on an instance with real failures."""
