"""Recalibration: find systems whose confidence drifts from their hit rate, and fit, choose and roll back calibrations.

For a game date, nothing uses a bet of that date or later. Publication applies the calibrations.
"""
