"""Training: one loop, fitting the built-in models, export (needs torch)."""
