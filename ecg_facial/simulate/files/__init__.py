"""Files of a simulated cohort: clips, biosignals, truth, damage."""
