"""The grading: what is right, what waits, what is repaired."""
