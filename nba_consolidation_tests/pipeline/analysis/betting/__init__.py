"""Strategies: counts compared with counting by hand, resampling by date, walk-forward picks, and significance."""
