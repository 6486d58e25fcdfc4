"""The monitor on a terminal: patients as panels, or a line per estimate."""
