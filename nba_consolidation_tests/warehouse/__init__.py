"""The warehouse and the staging area; every engine answers to the same contract."""
