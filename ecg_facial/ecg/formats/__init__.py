"""File formats of ECGs, one a module: what is there, which channels it has, and one channel's samples."""
