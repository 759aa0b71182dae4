"""Dagster's pages over the demo, in a real browser, as a person uses them."""
