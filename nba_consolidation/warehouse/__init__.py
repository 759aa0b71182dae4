"""Runs statements as transactions, and lists, writes and drops staging tables; on DuckDB and on BigQuery."""
