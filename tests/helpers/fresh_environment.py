"""A new virtual environment with our wheel and no more than what the wheel asks for.

The packages are linked from the environment that runs the tests, so that no network is needed: only those that the
wheel's own metadata require, and what these require in turn.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "ecg_facial")
_SITE = Path("lib") / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def build_wheel(root: Path, folder: Path) -> Path:
    """Build the wheel of a checkout from a copy, so that nothing is left in it."""
    copy = folder / "source"
    copy.mkdir(parents=True)
    for name in SOURCES:
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(root / name, copy / name)
    program = f"from setuptools import build_meta; build_meta.build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", program], cwd=copy, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def make_environment(folder: Path, wheel: Path, *, extras: Iterable[str] = ()) -> Path:
    """Make the environment and return its folder of programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    for distribution in find_needed(wheel, extras=extras):
        _link(distribution, folder / _SITE)
    python = folder / "bin" / "python"
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *install], check=True)
    return folder / "bin"


def find_needed(wheel: Path, *, extras: Iterable[str]) -> Iterator[metadata.Distribution]:
    """Find the installed distributions that a wheel needs, with those that they need in turn."""
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(archive.read(name).decode())
    own = canonicalize_name(headers["Name"])
    lines = {own: headers.get_all("Requires-Dist")}
    waiting, seen = [(own, ""), *((own, extra) for extra in extras)], set()
    found: dict[str, metadata.Distribution] = {}
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        if name not in lines:
            found[name] = metadata.distribution(name)
            lines[name] = found[name].requires or []
        for requirement in map(Requirement, lines[name]):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                needed = canonicalize_name(requirement.name)
                waiting += [(needed, ""), *((needed, part) for part in requirement.extras)]
    yield from found.values()


def run_in(programs: Path, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment that sees nothing of the one that runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment = {**kept, "PYTHONNOUSERSITE": "1", "PATH": f"{programs}{os.pathsep}{kept.get('PATH', '')}"}
    return subprocess.run(
        [str(programs / command[0]), *command[1:]],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment,
    )


def _link(distribution: metadata.Distribution, site: Path) -> None:
    """Link what lies at the top of site-packages; a folder that two distributions share is linked once."""
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        source = Path(str(distribution.locate_file(top)))
        if str(source.parent) in places and not (site / top).exists():
            (site / top).symlink_to(source)
