"""What a confidence should have said: drift found, a calibration fitted, judged, published, and taken back.

Fits are scikit-learn's, intervals statsmodels'. Nothing here sees a bet of the date that it calibrates for, or later.
"""
