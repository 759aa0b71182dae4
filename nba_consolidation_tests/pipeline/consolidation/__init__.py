"""Tests of the consolidation: through the use case and the published tables, with DuckDB and Parquet files."""
