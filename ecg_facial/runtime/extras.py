"""Optional packages and the extras that install them.

Input: an import that failed. Output: an error that names the command which installs what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ecg_facial.errors import MissingDependencyError

EXTRAS = {
    "jinja2": "evaluate",
    "joblib": "evaluate",
    "matplotlib": "evaluate",
    "sklearn": "evaluate",
    "onnx": "train",
    "onnxscript": "train",
    "safetensors": "train",
    "torch": "train",
    "numba": "simulate",
}
"""Import name of an optional package -> the extra that installs it."""


@contextmanager
def missing_extras_named() -> Iterator[None]:
    """Turn the failed import of an optional package into one line that names its extra.

    Raises
    ------
    MissingDependencyError
        In place of `ModuleNotFoundError`, for the packages of `EXTRAS`.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in EXTRAS:
            raise
        raise MissingDependencyError(
            f"{name} is needed here and is not installed: pip install 'ecg-facial[{EXTRAS[name]}]'", name=name
        ) from error
