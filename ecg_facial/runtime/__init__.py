"""Ground that everything stands on: files, settings, progress, provenance, executors."""
