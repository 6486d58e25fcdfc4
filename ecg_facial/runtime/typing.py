"""Names for the types of arrays, each with its dtype in the name.

Input: nothing. Output: type aliases. Shapes are said in the docstrings of the functions that take the arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]
FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]
UInt8Array = NDArray[np.uint8]
IntpArray = NDArray[np.intp]
"""Indices into other arrays, as NumPy's own searches return them."""
Int64Array = NDArray[np.int64]
