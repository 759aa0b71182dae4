"""The asset graph: what Dagster shows, checks and refuses."""
