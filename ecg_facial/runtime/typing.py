"""Names for the types of arrays, with the dtype in the name.

Input: nothing. Output: type aliases. Shapes are given in the docstrings of the functions that take the arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]
Float16Array = NDArray[np.float16]
FloatArray = NDArray[np.floating[Any]]
"""Any floating dtype, for functions that keep the dtype of their input."""
Int64Array = NDArray[np.int64]
Int32Array = NDArray[np.int32]
Int16Array = NDArray[np.int16]
IntpArray = NDArray[np.intp]
"""Indices into another array, as NumPy's searches return them."""
UInt16Array = NDArray[np.uint16]
UInt8Array = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]
StrArray = NDArray[np.str_]
AnyArray = NDArray[Any]
