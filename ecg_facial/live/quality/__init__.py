"""Quality gates: whether a signal may be used now, and what is wrong where it may not."""
