"""Simulated people, faces, ECGs and cohorts, with truth. Everything made here is marked as simulated."""
