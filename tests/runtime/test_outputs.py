"""A place that cannot be written is said before the work, and one program writes to a folder at a time."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.outputs import (
    LOCK_FILE,
    check_output_file,
    check_output_folder,
    describe_os_error,
    lock_folder,
)

HOLD = "import sys; from pathlib import Path; from ecg_facial.runtime.outputs import lock_folder\n"
HOLD += "with lock_folder(Path(sys.argv[1])):\n    print('locked', flush=True); sys.stdin.read(1)"


def snapshot(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def a_file(place: Path) -> Path:
    (place / "taken").write_text("x")
    return place / "taken"


def below_a_file(place: Path) -> Path:
    return a_file(place) / "run"


def a_link_to_nothing(place: Path) -> Path:
    (place / "link").symlink_to(place / "gone")
    return place / "link"


def a_long_name(place: Path) -> Path:
    return place / ("x" * 300)


def a_name_with_nul(place: Path) -> Path:
    return place / "a\0b"


def a_name_that_is_no_utf8(place: Path) -> Path:
    return place / os.fsdecode(b"r\xfcn")


def a_link_to_itself(place: Path) -> Path:
    (place / "loop").symlink_to(place / "loop")
    return place / "loop" / "run"


@pytest.mark.parametrize(
    "make",
    [
        *(a_file, below_a_file, a_link_to_nothing, a_long_name, a_name_with_nul, a_name_that_is_no_utf8),
        a_link_to_itself,
    ],
)
def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    folder = make(tmp_path)
    before = snapshot(tmp_path)
    with pytest.raises(SettingsError) as caught:
        check_output_folder(folder)
    assert "\n" not in str(caught.value)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "Permission denied.*ask for the permission"),
        (errno.EROFS, "Read-only file system.*name another place"),
        (errno.ENOSPC, "No space left on device.*make room"),
    ],
)
@pytest.mark.parametrize("call", ["mkdir", "write_bytes"])
def test_what_the_system_refuses_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str, call: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, call, refuse)
    with pytest.raises(SettingsError, match=said):
        check_output_folder(tmp_path / "run")
    assert snapshot(tmp_path) == []


def test_what_numpy_could_not_write_whole_is_a_full_disk() -> None:
    error = OSError("4096 requested and 120 written")
    error.filename = "crops.npy"
    assert describe_os_error(error).startswith("crops.npy: written in part only; make room")
    error = OSError("odd")
    error.filename = "x"
    assert describe_os_error(error).startswith("x: odd; mend that")


def test_a_place_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    before = snapshot(tmp_path)
    for name in ("there", "new", "new/below/it", "link"):
        check_output_folder(tmp_path / name)
    check_output_file(tmp_path / "new" / "index.parquet")
    assert snapshot(tmp_path) == before


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="a folder; name a file"):
        check_output_file(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_or_a_device_is_no_file_to_write(tmp_path: Path) -> None:
    # a finished file takes the name of what was there
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(SettingsError, match="a device or a pipe; name a file"):
            check_output_file(path)


def test_two_programs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "locked\n"
        with (
            pytest.raises(SettingsError, match=rf"another program writes to it \(process {other.pid} on"),
            lock_folder(tmp_path),
        ):
            pass
        other.stdin.close()
        with lock_folder(tmp_path, wait=True):
            assert (tmp_path / LOCK_FILE).read_text().startswith(f"process {os.getpid()} on")
    assert snapshot(tmp_path) == []


def test_a_lock_that_a_killed_program_left_locks_nothing(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text("process 1 on another machine, long ago")
    with lock_folder(tmp_path / "new"), lock_folder(tmp_path):
        pass
    assert snapshot(tmp_path) == ["new"]


def test_an_error_ends_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock_folder(tmp_path):
        _ = 1 / 0
    with lock_folder(tmp_path):
        pass
