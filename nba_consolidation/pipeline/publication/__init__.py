"""Publishes validated predictions for consumers, with their calibrated confidence and the filters in force."""
