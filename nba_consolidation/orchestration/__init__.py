"""What Dagster loads: assets, checks, sensors, schedules, jobs, resources. It only translates: lower layers decide."""
