"""Daily quality: checks of a finished game date over tables, leases and staging area. Read only."""
