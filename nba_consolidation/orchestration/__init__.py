"""What Dagster loads: assets, checks, sensors, schedules, jobs, resources. It translates; decisions are made below."""
