"""The domain: staged predictions become consolidated and validated ones. Knows no Dagster and no client library."""
