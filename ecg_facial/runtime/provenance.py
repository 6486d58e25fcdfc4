"""Where a run came from: command, commit, versions.

Input: the running program. Output: what `run.json` records beside the settings.
"""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from ecg_facial.runtime.records import Record
from ecg_facial.version import __version__

_PACKAGES = ("numpy", "scipy", "pandas", "torch", "onnxruntime", "opencv-python-headless", "av", "scikit-learn")


@dataclass(frozen=True, kw_only=True)
class ProgramRecord(Record):
    """The program that made a result.

    Attributes
    ----------
    command : str
        As typed on the command line.
    created_utc : str, ISO 8601
        When, in UTC.
    package_version : str
        Version of ecg_facial.
    git_commit : str or None
        Commit of the checkout; None where it runs from an installed package.
    versions : mapping of str to str
        Versions of Python and of the packages that results depend on.
    """

    command: str
    created_utc: str
    package_version: str
    git_commit: str | None
    versions: Mapping[str, str]


def describe_program() -> ProgramRecord:
    """Command, time, package version, commit, and versions of what results depend on."""
    return ProgramRecord(
        command=shlex.join([*_find_program(), *sys.argv[1:]]),
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        package_version=__version__,
        git_commit=find_commit(),
        versions={"python": platform.python_version(), **_find_versions()},
    )


def _find_program() -> list[str]:
    name = Path(sys.argv[0]).name
    return ["python", "-m", "ecg_facial"] if name == "__main__.py" else [name]


def _find_versions() -> dict[str, str]:
    installed = {}
    for name in _PACKAGES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def find_commit() -> str | None:
    """Commit of the checkout that the package runs from; None outside of one."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return None
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=True, env=environment
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
