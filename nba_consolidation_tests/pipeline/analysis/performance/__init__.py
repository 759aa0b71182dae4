"""Hit rates, calibration and returns compared with plain pandas, and which rows an analysis writes."""
