"""Simulated people and how they respond."""
