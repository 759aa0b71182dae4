"""Grading: validated predictions are compared with box scores and get one outcome each."""
