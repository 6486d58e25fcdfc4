"""The live monitor: camera and ECG in, pain estimates with their uncertainty and signal quality out; never torch."""
