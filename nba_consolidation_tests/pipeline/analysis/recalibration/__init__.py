"""Recalibration: leakage, bad input, determinism, and what consumers read."""
