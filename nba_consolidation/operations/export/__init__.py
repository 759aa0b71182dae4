"""Tables as files for other programs: CSV, Parquet, Excel."""
