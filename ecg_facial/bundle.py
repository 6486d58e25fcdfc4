"""A model on disk: networks, weights, settings, class names, and a SHA-256 manifest. Never pickle.

Enters: files in memory, or a folder. Leaves: the other. Everything is checked before anything is used, and
what is used is what was checked: each file is read once.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ecg_facial import __version__
from ecg_facial.ecg.intervals import TOKEN_FEATURES
from ecg_facial.errors import BundleError, SettingsError
from ecg_facial.settings import from_dict, to_dict
from ecg_facial.storage import sha256_bytes
from ecg_facial.windows import PREPROCESSING_VERSION, WindowSettings

INFO_FILE, MANIFEST_FILE = "bundle.json", "SHA256SUMS"
BUNDLE_VERSION = 1
MAX_FILES, MAX_FILE_BYTES = 32, 1 << 30
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_MANIFEST_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")


@dataclass(frozen=True)
class BundleInfo:
    """What a bundle's networks expect and say.

    Attributes
    ----------
    task : str
    class_names : tuple of str
        In the order of the logits.
    windows : WindowSettings
        How windows must be made.
    token_features : tuple of str
        Features of a heart-rate token, in order.
    face_weight, ecg_weight : float
        Of the fusion.
    simulated : bool
        Trained on simulated people: means nothing on real ones.
    n_subjects : int
        Whose trials were used.
    description : str
        What it was trained on.
    package_version : str
    preprocessing_version : int
    bundle_version : int
    """

    task: str
    class_names: tuple[str, ...]
    windows: WindowSettings
    face_weight: float
    ecg_weight: float
    simulated: bool
    n_subjects: int
    description: str
    token_features: tuple[str, ...] = TOKEN_FEATURES
    package_version: str = __version__
    preprocessing_version: int = PREPROCESSING_VERSION
    bundle_version: int = BUNDLE_VERSION

    def __post_init__(self) -> None:
        if len(self.class_names) < 2 or len(set(self.class_names)) != len(self.class_names):
            raise SettingsError(f"class names {self.class_names}: expected two or more, each once")


@dataclass(frozen=True, eq=False)
class Bundle:
    """A verified bundle.

    Attributes
    ----------
    info : BundleInfo
    files : mapping of str to bytes
        Content of every file but the manifest and the info, as it was verified.
    """

    info: BundleInfo
    files: Mapping[str, bytes]


def write_bundle(folder: Path, *, files: Mapping[str, bytes], info: BundleInfo) -> Path:
    """Write a bundle, whole or not at all; an older bundle in its place is replaced.

    Raises
    ------
    BundleError
        When the folder holds something that is not a bundle, or a name cannot be a file's.
    """
    contents = {**files, INFO_FILE: (json.dumps(to_dict(info), indent=2) + "\n").encode()}
    for name in contents:
        if not _NAME.fullmatch(name) or name == MANIFEST_FILE:
            raise BundleError(f"file name {name!r} in a bundle: expected letters, digits, dots, dashes, underscores")
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST_FILE).is_file():
        raise BundleError(f"{folder}: holds something that is not a bundle; give another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        temporary.chmod(0o755)
        for name, content in contents.items():
            (temporary / name).write_bytes(content)
        lines = [f"{sha256_bytes(contents[name])}  {name}\n" for name in sorted(contents)]
        (temporary / MANIFEST_FILE).write_text("".join(lines), encoding="ascii", newline="\n")
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def load_bundle(folder: Path) -> Bundle:
    """Read and verify a bundle.

    Raises
    ------
    BundleError
        When the folder is not there, a file is missing, added, altered, too large or a link, or the bundle is of
        another version of the package's preprocessing.
    """
    if not folder.is_dir():
        raise BundleError(f"{folder}: no such folder; expected a bundle, such as RUN/model")
    listed = _read_manifest(folder)
    _check_names(folder, set(listed))
    contents = {name: _read_checked(folder / name, digest) for name, digest in listed.items()}
    info = _read_info(folder, contents.pop(INFO_FILE))
    return Bundle(info, contents)


def _read_manifest(folder: Path) -> dict[str, str]:
    content = _read_limited(folder / MANIFEST_FILE, limit=1 << 16)
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        raise BundleError(f"{folder}: {MANIFEST_FILE} is not text; the bundle was altered, make it again") from None
    lines = text.split("\n")
    matches = [_MANIFEST_LINE.fullmatch(line) for line in lines[:-1]]
    names = [match.group(2) for match in matches if match]
    whole = lines[-1] == "" and all(matches) and names == sorted(set(names)) and all(map(_NAME.fullmatch, names))
    if not whole or INFO_FILE not in names or len(names) > MAX_FILES:
        raise BundleError(f"{folder}: {MANIFEST_FILE} is not one that we write; the bundle was altered, make it again")
    return {match.group(2): match.group(1) for match in matches if match}


def _check_names(folder: Path, listed: set[str]) -> None:
    present = {path.name for path in folder.iterdir()} - {MANIFEST_FILE}
    if present != listed:
        name = sorted(present ^ listed)[0]
        what = "is missing" if name in listed else "does not belong to it"
        raise BundleError(f"{folder}: {name!r} {what}; the bundle was altered, make it again")


def _read_checked(path: Path, digest: str) -> bytes:
    content = _read_limited(path, limit=MAX_FILE_BYTES)
    if sha256_bytes(content) != digest:
        raise BundleError(f"{path}: its SHA-256 is not the manifest's; the bundle was altered, make it again")
    return content


def _read_limited(path: Path, *, limit: int) -> bytes:
    if path.is_symlink() or not path.is_file():
        what = "is a link" if path.is_symlink() else "is missing"
        raise BundleError(f"{path.parent}: {path.name} {what}; expected the files of a bundle")
    with open(path, "rb") as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise BundleError(f"{path}: more than {limit} bytes; not a file that we write")
    return content


def _read_info(folder: Path, content: bytes) -> BundleInfo:
    try:
        info = from_dict(BundleInfo, json.loads(content))
    except (ValueError, SettingsError) as error:
        raise BundleError(f"{folder}: {INFO_FILE}: {error}; make the bundle with this version of the package") from None
    own = (BUNDLE_VERSION, PREPROCESSING_VERSION, TOKEN_FEATURES)
    if (info.bundle_version, info.preprocessing_version, info.token_features) != own:
        raise BundleError(
            f"{folder}: made by version {info.package_version} (preprocessing {info.preprocessing_version}), this is "
            f"{__version__} (preprocessing {PREPROCESSING_VERSION}); train the bundle again, or install that version"
        )
    return info
