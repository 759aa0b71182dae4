"""The domain: validated predictions are held against box scores. Knows no Dagster and no client library."""
