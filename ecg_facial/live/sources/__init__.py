"""Sources of the monitor: replayed recordings, cameras, amplifiers; each gives blocks with stamps of its own clock."""
