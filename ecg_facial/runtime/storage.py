"""Files that are complete or absent, and fingerprints of files.

Input: bytes, text, JSON-able objects, paths. Output: files that are complete even after kill -9, and hex digests. What
the files mean is not known here.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_ENDS_BYTES = 1 << 16


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is flushed to disk and takes the name in one step.

    On an exception the temporary file is removed and `path` stays as it was. The temporary name keeps the suffix of
    `path`, because some writers choose the format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _create_temporary(path)
    try:
        yield temporary
        with open(temporary, "rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        # writing to an open file does not say which one it was
        if error.filename is None:
            error.filename = str(path)
        raise
    finally:
        # a disk that fails must not hide why it failed
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _create_temporary(path: Path) -> Path:
    """Create an empty hidden file beside `path`, under a new name.

    The system applies the umask to 0o666. `tempfile.mkstemp` gives 0o600, and the umask for a later chmod can be read
    only by changing it, for every thread of the process.
    """
    while True:
        temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
        try:
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            continue
        return temporary


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file that is complete or absent, even after kill -9."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write a UTF-8 text file that is complete or absent, with Unix line ends on every system."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file that is complete or absent: two-space indent, keys in the given order, NaN refused."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def sha256_bytes(content: bytes) -> str:
    """SHA-256 as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a whole file as 64 hex digits, in bounded memory."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_json(content: Any) -> str:
    """SHA-256 of a JSON-able object, independent of key order."""
    return sha256_bytes(json.dumps(content, sort_keys=True, allow_nan=False, ensure_ascii=False).encode("utf-8"))


def fingerprint_file(path: Path) -> str:
    """Identity of a file without reading all of it: size, modification time and a hash of both ends.

    The path is not part of it, so that a data set that is moved keeps its fingerprint.
    """
    status = path.stat()
    digest = hashlib.sha256(f"{status.st_size} {status.st_mtime_ns}".encode())
    with open(path, "rb") as stream:
        digest.update(stream.read(_ENDS_BYTES))
        stream.seek(max(0, status.st_size - _ENDS_BYTES))
        digest.update(stream.read(_ENDS_BYTES))
    return digest.hexdigest()
