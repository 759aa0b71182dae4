"""The sensors: each translates for Dagster what a plain function decides."""
