"""Hit rates, calibration and returns: held against plain pandas, and what is written when."""
