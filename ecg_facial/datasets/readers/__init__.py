"""Readers: one module per data set, from its own folder layout to entries."""
