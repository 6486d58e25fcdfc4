"""Faces: decoding, detection, tracking, alignment."""
