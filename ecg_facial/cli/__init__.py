"""Command line: commands, their options, and all text for the terminal."""
