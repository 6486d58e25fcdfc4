"""Statistics: figures of merit, confidence intervals, tests, calibration."""
