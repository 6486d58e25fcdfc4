"""Places that results are written to: tried before the work, and locked during it.

Input: a folder or a file that a command was given. Output: nothing where it can be written, else one line that says why
not and what to do. Also one line for whatever the system refuses later.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.listing import show_name
from ecg_facial.runtime.progress import announce

LOCK_FILE = ".lock"
_PARTLY_WRITTEN = re.compile(r"\d+ requested and \d+ written")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_REMEDIES = {
    **dict.fromkeys(_FULL, "make room, and run it again: what is finished is kept"),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "name a place of your own, or ask for the permission"),
    errno.EROFS: "the disk is read-only: name another place",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.EEXIST: "name another place",
    errno.ENOTDIR: "part of the path is a file: name another place",
    errno.ELOOP: "it is a link to itself: name another place",
    errno.EMFILE: "too many files are open: give fewer workers",
    errno.EIO: "the disk does not answer: look after it, or name another place",
}
_DEFAULT_REMEDY = "mend that, and run it again: what is finished is kept"


def describe_os_error(error: OSError) -> str:
    """Say in one line what the system refused, of which file, and what to do.

    Examples
    --------
    >>> describe_os_error(OSError(errno.ENOSPC, "No space left on device", "run/metrics.json"))
    'run/metrics.json: No space left on device; make room, and run it again: what is finished is kept'
    """
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    reason, number = error.strerror or " ".join(map(str, error.args)) or type(error).__name__, error.errno or 0
    if _PARTLY_WRITTEN.search(reason):
        # NumPy's words, without the system's number
        reason, number = "written in part only", errno.ENOSPC
    remedy = _REMEDIES.get(number, _DEFAULT_REMEDY)
    return f"{' and '.join(names) or 'the system'}: {reason}; {remedy}"


def check_output_folder(folder: Path) -> None:
    """Try whether a folder can be made and written to; leave nothing there.

    Raises
    ------
    SettingsError
        When it is a file, cannot be made, or cannot be written to.
    """
    _refuse_bytes(folder)
    with _refused(folder):
        if folder.is_symlink() and not folder.exists():
            raise SettingsError(f"{folder}: a link to {os.readlink(folder)}, which is not there; name a folder")
        if folder.exists() and not folder.is_dir():
            raise SettingsError(f"{folder}: a file; name a folder to write to")
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_probe(folder)
        finally:
            for path in made:
                with suppress(OSError):
                    path.rmdir()


def check_output_file(path: Path) -> None:
    """Try whether a file can be written; leave nothing there.

    Raises
    ------
    SettingsError
        When it is a folder, or its folder cannot be made or written to.
    """
    with _refused(path):
        if path.is_dir():
            raise SettingsError(f"{path}: a folder; name a file to write")
        if path.exists() and not path.is_file():
            # a finished file takes the name of what was there, of /dev/null too
            raise SettingsError(f"{path}: a device or a pipe; name a file to write")
    check_output_folder(path.parent)


def _write_probe(folder: Path) -> None:
    """Write a byte: a full disk still takes new names."""
    probe = folder / f".probe-{secrets.token_hex(4)}"
    try:
        probe.write_bytes(b"\0")
    finally:
        with suppress(OSError):
            probe.unlink()


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except SettingsError:
        raise
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "name another place")
        raise SettingsError(f"{path}: cannot be written to ({error.strerror or error}); {remedy}") from None
    except ValueError:
        raise SettingsError(f"{str(path)!r}: no system allows such a name; give another") from None


def _refuse_bytes(path: Path) -> None:
    """Refuse a name of bytes that are no UTF-8: tables and JSON cannot hold it."""
    if show_name(str(path)) != str(path):
        raise SettingsError(f"{show_name(str(path))}: the name is no UTF-8; rename it, or name another place")


@contextmanager
def lock_folder(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Keep other programs from writing to a folder; the system ends that when the program ends, however it ends.

    Parameters
    ----------
    folder : Path
        Made where it is not there.
    wait : bool
        Whether to wait for the other program, which does the same work.

    Raises
    ------
    SettingsError
        When another program writes to it, and `wait` is False.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / LOCK_FILE, folder, wait=wait):
        yield


@contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Keep other programs that lock it from writing to a file, as `lock_folder` does for a folder.

    Raises
    ------
    SettingsError
        When another program writes to it.
    """
    with _locked(path.with_name(path.name + LOCK_FILE), path, wait=False):
        yield


@contextmanager
def _locked(path: Path, what: Path, *, wait: bool) -> Iterator[None]:
    """Hold a lock file, on behalf of what is written."""
    stream = _lock(path, what, wait)
    try:
        yield
    finally:
        if stream is not None:
            # before it is unlocked, so that whoever waits makes a new one
            with suppress(OSError):
                path.unlink()
            os.close(stream)


def _lock(path: Path, what: Path, wait: bool) -> int | None:
    """Open and lock a file; None where the file system knows no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    said = False
    while True:
        stream = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _read_owner(stream)
            if not wait:
                os.close(stream)
                raise SettingsError(
                    f"{what}: another program writes to it ({owner}); wait for it, or name another place"
                ) from None
            if not said:
                announce(f"{what}: waiting for another program that prepares the same ({owner})")
                said = True
            fcntl.flock(stream, fcntl.LOCK_EX)
        except OSError:
            os.close(stream)
            return None
        if _is_same(stream, path):
            os.ftruncate(stream, 0)
            with suppress(OSError):
                os.write(stream, f"process {os.getpid()} on {socket.gethostname()}".encode())
            return stream
        # the one who had it has removed it
        os.close(stream)


def _read_owner(stream: int) -> str:
    return os.pread(stream, 200, 0).decode(errors="replace") or "just started"


def _is_same(stream: int, path: Path) -> bool:
    try:
        return os.fstat(stream).st_ino == path.stat().st_ino
    except OSError:
        return False
