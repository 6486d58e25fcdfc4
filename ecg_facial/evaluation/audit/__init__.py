"""Leakage audit: canaries on the real pipeline, structure of folds, duplicates, decoding, chance, plausibility."""
