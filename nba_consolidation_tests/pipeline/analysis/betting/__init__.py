"""Strategies: counted as by hand, resampled by date, picked out of time; and what is luck is called so."""
