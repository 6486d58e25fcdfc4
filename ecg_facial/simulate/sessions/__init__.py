"""Whole sessions of simulated people, as one recording."""
