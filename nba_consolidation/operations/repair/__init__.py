"""Repair of a `prediction_accuracy` that writers without a fence left behind, and its undo."""
