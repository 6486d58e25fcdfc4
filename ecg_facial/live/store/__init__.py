"""The store of a monitor: what was estimated, seen and rated, in one SQLite file."""
