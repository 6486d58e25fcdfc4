"""The compiler of loops over pixels and vertices.

Input: nothing. Output: `njit` of numba, or an error with the command that installs it. Only drawing needs numba.
"""

from __future__ import annotations

from ecg_facial.errors import MissingDependencyError

try:
    from numba import njit
except ImportError as error:
    raise MissingDependencyError(
        "rendering faces needs numba, which is not installed: pip install 'ecg-facial[simulate]'"
    ) from error

__all__ = ["njit"]
