"""Ideal observer: the best possible accuracy on simulated trials."""
