"""The BigQuery engine: over real HTTP against bqemulator, or against a real project where one is given."""
