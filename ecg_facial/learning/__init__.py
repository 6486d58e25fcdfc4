"""Training: one loop for all networks, the built-in models, export to ONNX (needs torch)."""
