"""Workflows of the command line, as functions."""
