"""Optional packages and the extras that install them.

Input: the extra that a command needs, or an import that failed. Output: an error that names the command which installs
what is missing.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

from ecg_facial.errors import MissingDependencyError

PACKAGES = {
    "evaluate": ("sklearn", "joblib", "cloudpickle", "jinja2", "matplotlib"),
    "train": ("torch", "safetensors", "onnx", "onnxscript"),
    "simulate": ("numba",),
    "ray": ("ray",),
    "matlab": ("h5py",),
    "live": ("pylsl",),
    "brainflow": ("brainflow",),
    "export": ("fhir", "edfio"),
    "sdc": ("sdc11073",),
    "service": ("fastapi", "uvicorn", "websockets", "python_multipart", "prometheus_client"),
}
"""Extra -> import names of the packages that it adds to those of the extras in `_INCLUDED`."""
_INCLUDED = {"train": ("evaluate",)}


def is_installed(package: str) -> bool:
    """Whether a package can be imported; it is not imported."""
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def require_extras(*extras: str) -> None:
    """Check that all packages of some extras are installed, before work that needs them.

    Parameters
    ----------
    *extras : str
        Keys of `PACKAGES`.

    Raises
    ------
    MissingDependencyError
        With the first package that is missing, and the command that installs all of these extras.
    """
    for extra in extras:
        for part in (extra, *_INCLUDED.get(extra, ())):
            for package in PACKAGES[part]:
                if not is_installed(package):
                    raise _name_missing(package, ",".join(extras))


@contextmanager
def missing_extras_named() -> Iterator[None]:
    """Turn the failed import of an optional package into one line that names its extra.

    Raises
    ------
    MissingDependencyError
        In place of `ModuleNotFoundError`, for the packages of `PACKAGES`.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = next((extra for extra, packages in PACKAGES.items() if package in packages), None)
        if extra is None:
            raise
        raise _name_missing(package, extra) from error


def _name_missing(package: str, extras: str) -> MissingDependencyError:
    return MissingDependencyError(
        f"{package} is needed here and is not installed: pip install 'ecg-facial[{extras}]'", name=package
    )
