"""Ideal observer: the accuracy that is possible on simulated trials."""
