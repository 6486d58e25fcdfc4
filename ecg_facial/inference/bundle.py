"""A model on disk: networks, fusion, settings, class names, and a SHA-256 manifest. Never pickle.

Input: files in memory, or a folder. Output: the other. Everything is verified before anything is used, and what is
used is what was verified: each file is read once. The manifest detects damage and careless changes, not a forger who
rewrites the manifest too: against that, compare its own SHA-256 with one from a trusted place.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecg_facial.ecg.token_features import TOKEN_FEATURES
from ecg_facial.errors import BundleError, SettingsError
from ecg_facial.inference.fusion import Fusion
from ecg_facial.runtime.listing import is_of_a_file_manager
from ecg_facial.runtime.paths import explain_absence, find_path
from ecg_facial.runtime.settings import from_dict, strict_settings, to_dict
from ecg_facial.runtime.storage import sha256_bytes, write_bytes
from ecg_facial.version import __version__
from ecg_facial.windows.settings import PREPROCESSING_VERSION, WindowSettings

INFO_FILE, MANIFEST_FILE = "bundle.json", "SHA256SUMS"
BUNDLE_VERSION = 4
MODELS = ("facial", "ecg")
VARIANTS = ("facial:descriptors", "fusion:descriptors")
"""Models beside the networks: a forest on descriptors of facial courses, and its fusion with the ECG model."""
MAX_FILES, MAX_BYTES = 32, 1 << 30
_MAX_MANIFEST_BYTES = 1 << 16
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_MANIFEST_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")


@strict_settings
@dataclass(frozen=True, kw_only=True)
class BundleInfo:
    """What a bundle's networks expect, how their outputs are fused and calibrated, and where they come from.

    Attributes
    ----------
    task : str
    class_names : tuple of str
        In the order of the logits.
    models : tuple of str
        Which networks it holds: ``facial``, ``ecg``, or both in this order.
    windows : WindowSettings
        How windows must be made.
    variants : tuple of str
        Which of `VARIANTS` it holds too, in their order; the second needs the ECG network.
    token_features : tuple of str
        Features of a heart-rate token, in order.
    fusion : Fusion
        Weights and temperatures, with the number of subjects and trials they were found on, or why a temperature is 1.
        With one model only that model's temperature counts.
    descriptors : Fusion
        The same for the forest in place of the facial network; it counts where there are variants.
    simulated : bool
        Trained on simulated people: means nothing on real ones.
    n_subjects : int
        How many people the data hold.
    description : str
        What it was trained on.
    package_version : str
    preprocessing_version : int
    bundle_version : int
    """

    task: str
    class_names: tuple[str, ...]
    windows: WindowSettings
    fusion: Fusion
    simulated: bool
    n_subjects: int
    description: str
    models: tuple[str, ...] = MODELS
    variants: tuple[str, ...] = ()
    descriptors: Fusion = field(default_factory=Fusion)
    token_features: tuple[str, ...] = TOKEN_FEATURES
    package_version: str = __version__
    preprocessing_version: int = PREPROCESSING_VERSION
    bundle_version: int = BUNDLE_VERSION

    def __post_init__(self) -> None:
        if len(self.class_names) < 2 or len(set(self.class_names)) != len(self.class_names):
            raise SettingsError(f"class names {self.class_names}: expected two or more, each once")
        if not self.models or self.models != tuple(name for name in MODELS if name in self.models):
            raise SettingsError(f"models {self.models}: expected facial, ecg, or both in this order")
        possible = VARIANTS[: len(self.models)] if "facial" in self.models else ()
        if self.variants not in ((), possible):
            raise SettingsError(
                f"variants {self.variants} beside {self.models}: expected none, or {' and '.join(possible) or 'none'}"
            )


@dataclass(frozen=True, eq=False, kw_only=True)
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

    Parameters
    ----------
    folder : Path
        A new or empty one, or a bundle.
    files : mapping of str to bytes
        Content by file name.
    info : BundleInfo

    Returns
    -------
    Path
        `folder`.

    Raises
    ------
    BundleError
        When the folder holds something that is not a bundle, a name cannot be a file's, or there is more than
        `load_bundle` accepts.
    """
    contents = {**files, INFO_FILE: (json.dumps(to_dict(info), indent=2) + "\n").encode()}
    _check_contents(contents)
    check_bundle_folder(folder)
    place = folder.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary, old = (place.parent / f".{place.name}-{secrets.token_hex(4)}" for _ in range(2))
    try:
        for name, content in contents.items():
            write_bytes(temporary / name, content)
        lines = [f"{sha256_bytes(contents[name])}  {name}\n" for name in sorted(contents)]
        write_bytes(temporary / MANIFEST_FILE, "".join(lines).encode("ascii"))
        if place.exists():
            place.rename(old)
        temporary.rename(place)
    finally:
        if old.exists() and not place.exists():
            old.rename(place)
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return folder


def check_bundle_folder(folder: Path) -> None:
    """Check that a bundle can be written to a folder, before the work that makes it.

    Raises
    ------
    BundleError
        When there is something that is not a bundle, or a bundle with files that it did not come with, which
        replacing it would delete.
    """
    if folder.is_dir():
        entries = [entry for entry in folder.iterdir() if not (is_of_a_file_manager(entry.name) and entry.is_file())]
        foreign = {entry.name for entry in entries if entry.is_symlink() or not entry.is_file()}
        foreign |= {entry.name for entry in entries} - _listed_names(folder / MANIFEST_FILE)
        if foreign:
            raise BundleError(f"{folder}: holds {min(foreign)!r}, which is not of a bundle; give another folder")
    elif folder.exists() or folder.is_symlink():
        raise BundleError(f"{folder}: is not a folder; give another place for the bundle")


def _listed_names(manifest: Path) -> set[str]:
    """Names in a manifest that may be damaged, and the manifest's own; none without a manifest."""
    if not manifest.is_file():
        return set()
    text = manifest.read_bytes()[:_MAX_MANIFEST_BYTES].decode("ascii", errors="replace")
    return {MANIFEST_FILE, *(line[66:] for line in text.split("\n"))}


def _check_contents(contents: Mapping[str, bytes]) -> None:
    for name in contents:
        if not _NAME.fullmatch(name) or name == MANIFEST_FILE:
            raise BundleError(f"file name {name!r} in a bundle: expected letters, digits, dots, dashes, underscores")
    n_bytes = sum(map(len, contents.values()))
    if len(contents) > MAX_FILES or n_bytes > MAX_BYTES:
        raise BundleError(
            f"a bundle of {len(contents)} files and {n_bytes} bytes: expected {MAX_FILES} files and {MAX_BYTES} bytes "
            "at most; use smaller networks"
        )


def load_bundle(folder: Path | str) -> Bundle:
    """Read and verify a bundle.

    Parameters
    ----------
    folder : path
        Such as ``RUN/model`` of a finished run.

    Returns
    -------
    Bundle

    Raises
    ------
    BundleError
        When the folder is not there, a file is missing, added, altered, too large or a link, or the bundle is of
        another version of the package's preprocessing.
    """
    folder = find_path(folder).path
    if not folder.is_dir():
        raise BundleError(f"{folder}: no such folder{explain_absence(folder)}; expected a bundle, such as RUN/model")
    try:
        listed = _read_manifest(folder)
        _check_names(folder, set(listed))
        _check_size(folder, listed)
        contents = {name: _read_checked(folder / name, digest) for name, digest in listed.items()}
    except OSError as error:
        raise BundleError(f"{folder}: cannot be read ({error.strerror}); copy the bundle again") from None
    info = _read_info(folder, contents.pop(INFO_FILE))
    return Bundle(info=info, files=contents)


def _read_manifest(folder: Path) -> dict[str, str]:
    content = _read_plain(folder / MANIFEST_FILE, limit=_MAX_MANIFEST_BYTES)
    lines = content.decode("ascii", errors="replace").split("\n")
    matches = [_MANIFEST_LINE.fullmatch(line) for line in lines[:-1]]
    names = [match.group(2) for match in matches if match]
    whole = lines[-1] == "" and all(matches) and names == sorted(set(names)) and all(map(_NAME.fullmatch, names))
    if not whole or INFO_FILE not in names or len(names) > MAX_FILES:
        raise BundleError(f"{folder}: {MANIFEST_FILE} is not one that we write; the bundle was altered, make it again")
    return {match.group(2): match.group(1) for match in matches if match}


def _check_names(folder: Path, listed: set[str]) -> None:
    # a file manager that shows the folder may leave its own file there; only what is listed is read
    present = {path.name for path in folder.iterdir() if not is_of_a_file_manager(path.name)} - {MANIFEST_FILE}
    if present != listed:
        name = min(present ^ listed)
        what = "is missing" if name in listed else "does not belong to it"
        raise BundleError(f"{folder}: {name!r} {what}; the bundle was altered, make it again")


def _check_size(folder: Path, names: Iterable[str]) -> None:
    n_bytes = sum((folder / name).lstat().st_size for name in names)
    if n_bytes > MAX_BYTES:
        raise BundleError(f"{folder}: {n_bytes} bytes, limit {MAX_BYTES}; not a bundle that we write")


def _read_checked(path: Path, digest: str) -> bytes:
    content = _read_plain(path, limit=MAX_BYTES)
    if sha256_bytes(content) != digest:
        raise BundleError(f"{path}: its SHA-256 is not the manifest's; the bundle was altered, make it again")
    return content


def _read_plain(path: Path, *, limit: int) -> bytes:
    """Content of a plain file; a link could lead out of the folder, and reading a pipe might never end."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise BundleError(f"{path.parent}: {path.name} is not a plain file; expected the files of a bundle")
    if not path.exists():
        raise BundleError(f"{path.parent}: {path.name} is missing; expected a bundle, such as RUN/model")
    with open(path, "rb", opener=_open_unlinked) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise BundleError(f"{path}: more than {limit} bytes; not a file that we write")
    return content


def _open_unlinked(path: str, flags: int) -> int:
    """Open a file, but not through a link that was put in its place since it was checked."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _read_info(folder: Path, content: bytes) -> BundleInfo:
    try:
        said = json.loads(content)
        # settings of another version may have other names: the version is said first
        if isinstance(said, dict):
            _check_versions(folder, said)
        return from_dict(BundleInfo, said)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{folder}: {INFO_FILE}: {error}; make the bundle with this version of the package") from None


def _check_versions(folder: Path, said: dict[str, Any]) -> None:
    own = (BUNDLE_VERSION, PREPROCESSING_VERSION, list(TOKEN_FEATURES))
    if (said.get("bundle_version"), said.get("preprocessing_version"), said.get("token_features")) != own:
        raise BundleError(
            f"{folder}: made by version {said.get('package_version')} (preprocessing "
            f"{said.get('preprocessing_version')}), this is {__version__} (preprocessing {PREPROCESSING_VERSION}); "
            f"train the bundle again, or install that version"
        )
