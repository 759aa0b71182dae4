"""Daily quality: what the tables, the leases and the staging area say about a game date, judged. Changes nothing."""
