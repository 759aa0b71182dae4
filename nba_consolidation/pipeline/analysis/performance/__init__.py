"""How good each system is, and what its confidence is worth: counted in SQL by day, summed up by window of time.

Intervals are statsmodels', scores scikit-learn's. Which bet was right is decided by the grading, not here.
"""
