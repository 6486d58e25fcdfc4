"""Files are whole or not there, and fingerprints follow the content."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecg_facial.runtime.storage import (
    atomic_path,
    fingerprint_file,
    sha256_bytes,
    sha256_file,
    sha256_json,
    write_bytes,
    write_json,
    write_text,
)

EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_written_file_holds_the_bytes_and_nothing_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.bin"
    write_bytes(path, b"one")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert names(path.parent) == ["file.bin"]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def write_half() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_half()
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["file.txt"]


def test_the_old_file_is_readable_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    write_bytes(path, b"old")
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"new")
        assert path.read_bytes() == b"old"
        assert temporary.parent == path.parent
        assert temporary.suffix == ".parquet"
    assert path.read_bytes() == b"new"


@pytest.fixture(params=[0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def test_the_usual_permissions_are_given_without_touching_the_umask(
    umask: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The umask is the whole process's: set to 0 for a moment, it opens another thread's new files to everybody."""

    def refuse(mask: int) -> int:
        raise AssertionError(f"umask set to {mask:o}")

    with monkeypatch.context() as patch:
        patch.setattr(os, "umask", refuse)
        write_bytes(tmp_path / "file", b"")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~umask


def test_a_temporary_name_that_is_taken_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["taken", "free"])
    monkeypatch.setattr(secrets, "token_hex", lambda n_bytes: next(tokens))
    (tmp_path / ".file-taken.bin").write_bytes(b"of another process")
    with atomic_path(tmp_path / "file.bin") as temporary:
        assert temporary.name == ".file-free.bin"
    assert (tmp_path / ".file-taken.bin").read_bytes() == b"of another process"
    assert names(tmp_path) == [".file-taken.bin", "file.bin"]


def test_text_is_utf8_with_unix_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "file.txt", "µV\nmV\n")
    assert (tmp_path / "file.txt").read_bytes() == b"\xc2\xb5V\nmV\n"


def test_json_keeps_the_order_of_keys_and_refuses_nan(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"b": 1, "a": [1.5, None, "ü"]})
    assert path.read_text(encoding="utf-8").startswith('{\n  "b": 1,\n  "a"')
    assert json.loads(path.read_text(encoding="utf-8")) == {"b": 1, "a": [1.5, None, "ü"]}
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert names(tmp_path) == ["file.json"]


def test_digests_are_those_of_the_standard(tmp_path: Path) -> None:
    assert sha256_bytes(b"") == EMPTY_SHA256
    assert sha256_bytes(b"abc") == ABC_SHA256
    path = tmp_path / "file"
    path.write_bytes(b"abc" * 1_000_000)
    assert sha256_file(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_digest_of_json_does_not_depend_on_the_order_of_keys() -> None:
    assert sha256_json({"a": 1, "b": [2, 3]}) == sha256_json({"b": [2, 3], "a": 1})
    assert sha256_json({"a": [1, 2]}) != sha256_json({"a": [2, 1]})
    assert sha256_json("") != sha256_json(None)


def make_file(path: Path, content: bytes, *, time_ns: int = 10**18) -> Path:
    path.write_bytes(content)
    os.utime(path, ns=(time_ns, time_ns))
    return path


def test_a_fingerprint_survives_moving_the_file(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a", b"x" * 1000)
    before = fingerprint_file(path)
    assert len(before) == 64
    assert fingerprint_file(path.rename(tmp_path / "b")) == before


@pytest.mark.parametrize("place", [0, 65_000, 200_000 - 65_000, 199_999])
def test_a_fingerprint_sees_a_changed_byte_near_either_end(tmp_path: Path, place: int) -> None:
    content = bytearray(200_000)
    before = fingerprint_file(make_file(tmp_path / "a", bytes(content)))
    content[place] = 1
    assert fingerprint_file(make_file(tmp_path / "a", bytes(content))) != before


def test_a_fingerprint_sees_another_size_and_another_time(tmp_path: Path) -> None:
    prints = {
        fingerprint_file(make_file(tmp_path / "a", b"\0" * size, time_ns=time_ns))
        for size, time_ns in ((0, 10**18), (5, 10**18), (200_000, 10**18), (200_001, 10**18), (5, 10**18 + 100))
    }
    assert len(prints) == 5
