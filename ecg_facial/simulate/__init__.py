"""Simulator: people, faces, ECGs and whole cohorts, with ground truth. All output is marked as SIMULATED."""
