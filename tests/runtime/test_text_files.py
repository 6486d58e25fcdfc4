"""The one way to open text: encodings, line ends, damage, and what is no text."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from ecg_facial.errors import CorruptDataError, DataError, MissingDataError
from ecg_facial.runtime import text_files
from ecg_facial.runtime.text_files import find_text

TEXT = "name;value\nM\u00fcller \u00b5V;1\nend;2"


def write(folder: Path, content: bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "encoding", "note"),
    [
        (TEXT.encode(), "utf-8", ""),
        (TEXT.encode("utf-8-sig"), "utf-8-sig", ""),
        (TEXT.encode("utf-16"), "utf-16", "the text is read as UTF-16"),
        ("\ufeff".encode("utf-16-be") + TEXT.encode("utf-16-be"), "utf-16", "the text is read as UTF-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le", "the text is read as UTF-16"),
        (TEXT.encode("utf-16-be"), "utf-16-be", "the text is read as UTF-16"),
        (TEXT.encode("utf-32"), "utf-32", "the text is read as UTF-32"),
        (TEXT.encode("cp1252"), "cp1252", "the text is no UTF-8: it is read as Windows-1252"),
    ],
)
def test_the_encoding_is_found_and_what_was_assumed_is_said(
    tmp_path: Path, content: bytes, encoding: str, note: str
) -> None:
    found = find_text(write(tmp_path, content), expected="a table")
    assert list(found.lines()) == TEXT.split("\n")
    assert (found.encoding, " ".join(found.notes)) == (encoding, note)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_line_ends_of_all_systems_are_one(tmp_path: Path, end: str, encoding: str) -> None:
    found = find_text(write(tmp_path, TEXT.replace("\n", end).encode(encoding)), expected="a table")
    assert list(found.lines()) == TEXT.split("\n")


def test_characters_that_only_some_take_for_line_ends_stay_within_a_line(tmp_path: Path) -> None:
    found = find_text(write(tmp_path, "a\x0bb\u2028c\x1ad\u0085e\n".encode()), expected="a table")
    assert len(list(found.lines())) == 1


def test_one_damaged_byte_does_not_turn_utf_8_into_another_encoding(tmp_path: Path) -> None:
    path = write(tmp_path, "Jos\u00e9;M\u00fcller\n".encode() + b"1;\xff\n")
    with pytest.raises(CorruptDataError, match=r"1 damaged bytes in a text \(utf-8\); copy or export it again"):
        find_text(path, expected="a table")
    found = find_text(path, expected="a table", allow_damage=True)
    assert next(found.lines()) == "Jos\u00e9;M\u00fcller"
    assert found.notes == ("1 bytes within the text are damaged (no text)",)


def test_a_replacement_character_that_was_written_is_no_damage(tmp_path: Path) -> None:
    assert not find_text(write(tmp_path, "a\ufffdb\n".encode()), expected="a table").is_damaged


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_nul_bytes_at_the_end_are_cut_and_said(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, TEXT.encode(encoding) + bytes(3000))
    with pytest.raises(CorruptDataError, match=r"\d+ damaged bytes"):
        find_text(path, expected="a table")
    found = find_text(path, expected="a table", allow_damage=True)
    assert list(found.lines()) == TEXT.split("\n")
    assert "NUL bytes: it was not closed, and its end is damaged" in found.notes[-1]


def test_nul_bytes_within_a_text_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path, b"a;1\n" + bytes(600) + b"b;2\n" * 50)
    assert find_text(path, expected="a table", allow_damage=True).n_damaged == 600
    with pytest.raises(CorruptDataError, match="600 damaged bytes"):
        find_text(path, expected="a table")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04abc", "a workbook"),
        (b"\x1f\x8babc", "a compressed file"),
        (b"%PDF-1.4", "a PDF"),
        (bytes(range(256)) * 16, "not a text file; expected a table"),
        (b"\x07\xd0\x01\x02" * 2000, "not a text file; expected a table"),
        (b"\0\0\0\x05" * 2000, "not a text file; expected a table"),
    ],
)
def test_what_is_no_text_is_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(CorruptDataError, match=message):
        find_text(write(tmp_path, content), expected="a table", allow_damage=True)


def test_a_path_without_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no such file; expected a table"):
        find_text(tmp_path / "none.csv", expected="a table")
    with pytest.raises(MissingDataError, match="a folder; expected a table"):
        find_text(tmp_path, expected="a table")


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert list(find_text(write(tmp_path, b""), expected="a table").lines()) == []
    assert list(find_text(write(tmp_path, bytes(9)), expected="a table", allow_damage=True).lines()) == []


def test_too_long_lines_and_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "MAX_LINE", 1000)
    path = write(tmp_path, b"1\n" + b"x" * 1001 + b"\n2\n")
    with pytest.raises(CorruptDataError, match="1001 characters in a line, limit 1000"):
        find_text(path, expected="a table")
    find_text(write(tmp_path, b"1\n" + b"x" * 999 + b"\n2\r" + b"y" * 1000), expected="a table")
    monkeypatch.setattr(text_files, "MAX_TEXT_BYTES", 1000)
    with pytest.raises(DataError, match=r"limit 1000; split it"):
        find_text(path, expected="a table")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, b"0.004,1.25,7\n" * 300_000)
    tracemalloc.start()
    n_lines = sum(1 for _ in find_text(path, expected="a table").lines())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_lines == 300_000
    assert peak < 4 << 20
