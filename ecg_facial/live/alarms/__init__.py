"""Alarms of the monitor: the pain alarm and the technical ones."""
