"""Version of the package: written here alone; the wheel's metadata take it from here."""

from __future__ import annotations

__version__ = "0.1.0"
