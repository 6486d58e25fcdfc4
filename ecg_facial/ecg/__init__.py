"""ECG: files to samples, samples to R-peaks, R-peaks to heart-rate tokens, and how far each can be trusted."""
