"""File formats of ECGs, one module per format: its channels, and the samples of one channel."""
