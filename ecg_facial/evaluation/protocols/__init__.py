"""Protocols: which subjects train, stop, calibrate and test in each fold."""
