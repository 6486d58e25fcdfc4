"""SIMULATED patients for `monitor --demo`: the only part of `live` that knows the simulator."""
