"""Analyses of graded predictions: performance, recalibration, player reliability, betting strategies."""
