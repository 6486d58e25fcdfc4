"""Named arrays as the bytes of an ``.npz``, without pickle.

Input: arrays, or bytes. Output: the other. What is read is limited in size before it is unpacked.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np

from ecg_facial.errors import BundleError
from ecg_facial.runtime.typing import AnyArray

# a forest of 87 people takes 20 MB
MAX_UNPACKED_BYTES = 1 << 29


def write_arrays(arrays: Mapping[str, AnyArray]) -> bytes:
    """Content of an ``.npz`` with these arrays."""
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    return content.getvalue()


def read_arrays(content: bytes, names: Sequence[str], *, file: str) -> dict[str, AnyArray]:
    """Read exactly these arrays of what `write_arrays` gave.

    Parameters
    ----------
    content : bytes
    names : sequence of str
    file : str
        Name of the file, for messages.

    Raises
    ------
    BundleError
        When it is no such file, unpacks to more than `MAX_UNPACKED_BYTES`, or holds other arrays.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            n_bytes = sum(each.file_size for each in packed.infolist())
        if n_bytes > MAX_UNPACKED_BYTES:
            raise BundleError(f"{file} unpacks to {n_bytes} bytes, limit {MAX_UNPACKED_BYTES}; not one that we write")
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            if set(stored.files) == set(names):
                return {name: stored[name] for name in names}
    except (ValueError, KeyError, OSError, EOFError, NotImplementedError, zipfile.BadZipFile):
        pass
    raise BundleError(f"{file} is not a table of {', '.join(names)}; train the bundle again")
