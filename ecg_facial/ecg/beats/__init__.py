"""The R-peak detector's core: energy, candidates, rules, positions; whole signals, batches and streams."""
