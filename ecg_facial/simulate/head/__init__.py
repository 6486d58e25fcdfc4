"""Rendered heads: shape, expression, light, camera, pixels."""
