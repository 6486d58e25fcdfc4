"""Simulated ECG: beats, morphology, rhythm, noise."""
