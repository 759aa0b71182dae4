"""Tests of the BigQuery engine, over HTTP against bqemulator or against a real project."""
