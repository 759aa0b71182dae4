"""Hit rates, errors, returns and calibration of each system: counted by day in SQL, summed up by time window.

The outcome of a prediction is decided by grading, not here.
"""
