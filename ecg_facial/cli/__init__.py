"""Command line: options, commands, and what is shown on the terminal."""
