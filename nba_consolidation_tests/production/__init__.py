"""The production deployment at a terminal and in Dagster, on doubles of BigQuery and Firestore."""
