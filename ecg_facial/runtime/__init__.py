"""What every other folder uses: files, settings, records, progress, provenance, executors."""
