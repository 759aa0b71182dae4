"""What graded predictions teach: performance, recalibration, player reliability, betting strategies."""
