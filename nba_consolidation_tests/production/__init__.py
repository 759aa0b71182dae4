"""The production deployment as people meet it: at a terminal and in Dagster, on doubles of BigQuery and Firestore."""
