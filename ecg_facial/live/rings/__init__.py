"""What the monitor keeps of the last seconds."""
