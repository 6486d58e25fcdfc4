"""Settings of the simulator: presets and sensors."""
