"""Judging predictions: from a table of predictions to metrics."""
