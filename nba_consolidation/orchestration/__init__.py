"""What Dagster loads: assets, checks, sensors, schedules, jobs, resources. It translates and decides nothing."""
