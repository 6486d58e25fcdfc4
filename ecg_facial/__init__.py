"""Automatic pain recognition from face video and ECG. For research; not a medical device."""

from __future__ import annotations

import sys

__version__ = "0.1.0"


def _import_scipy_without_torch() -> None:
    """Import scipy where torch is kept out by ``sys.modules["torch"] = None``, which scipy 1.17 takes for a module."""
    del sys.modules["torch"]
    try:
        import scipy.stats  # noqa: F401  # the part that fails; later imports find it done
    finally:
        sys.modules["torch"] = None  # type: ignore[assignment]  # as it was: importing torch is an ImportError


if "torch" in sys.modules and sys.modules["torch"] is None:
    _import_scipy_without_torch()
