"""What Dagster loads: assets, checks, sensors, conditions, jobs, resources. It only translates: lower layers decide."""
