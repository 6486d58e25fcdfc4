"""Opening a text file in the encoding that it has.

Input: a path. Output: a `TextFile`: its encoding, what was assumed, and its lines, in bounded memory. Marks of UTF-8,
UTF-16 and UTF-32 decide, then whether all bytes are UTF-8, else Windows-1252. Every reader of text uses this one.
"""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

from ecg_facial.errors import CorruptDataError, DataError, MissingDataError
from ecg_facial.runtime.other_files import name_other_file
from ecg_facial.runtime.paths import explain_absence

# a line of 1 MiB is no row of a table; the file is scanned in blocks of the same size
MAX_LINE = 1 << 20
# 1 GiB: three days of one channel at 512 Hz
MAX_TEXT_BYTES = 1 << 30
_HEAD = 4096
# the longest marks first: that of UTF-32 begins like that of UTF-16
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# tab, line ends, form feed, the end mark of DOS (Ctrl-Z) and escape occur in text
_NO_TEXT = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1a\x1b"))
_MAX_SHARE_NO_TEXT = 0.05
_UTF16_SHARE = 0.7


@dataclass(frozen=True, kw_only=True)
class TextFile:
    """A text file that can be opened.

    Attributes
    ----------
    path : Path
    encoding : str
        Python's name of the encoding; bytes outside it become U+FFFD.
    n_bytes : int
        Length without NUL bytes at the end, which a logger leaves when its power fails.
    n_bytes_cut : int
        Number of these NUL bytes.
    n_damaged : int
        NUL bytes within the text, and characters that are not in the encoding.
    """

    path: Path
    encoding: str
    n_bytes: int
    n_bytes_cut: int = field(default=0)
    n_damaged: int = field(default=0)

    @property
    def is_damaged(self) -> bool:
        """Whether bytes of it are no text."""
        return self.n_bytes_cut > 0 or self.n_damaged > 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed, and what is damaged, one sentence each; empty for whole UTF-8."""
        notes = []
        if self.encoding == "cp1252":
            notes.append("the text is no UTF-8: it is read as Windows-1252")
        elif not self.encoding.startswith("utf-8"):
            notes.append(f"the text is read as {self.encoding[:6].upper()}")
        if self.n_bytes_cut:
            notes.append(f"the file ends in {self.n_bytes_cut} NUL bytes: it was not closed, and its end is damaged")
        if self.n_damaged:
            notes.append(f"{self.n_damaged} bytes within the text are damaged (no text)")
        return tuple(notes)

    def open(self, newline: str | None = None) -> TextIO:
        r"""Open it to read text.

        Parameters
        ----------
        newline : str, optional
            As for `open`: None makes every line end (of all systems) ``\n``, ``""`` leaves them, for `csv`.
        """
        if not self.n_bytes_cut:
            return open(self.path, encoding=self.encoding, errors="replace", newline=newline)
        limited = io.BufferedReader(_Limited(self.path, self.n_bytes), 1 << 16)
        return io.TextIOWrapper(limited, encoding=self.encoding, errors="replace", newline=newline)

    def lines(self) -> Iterator[str]:
        """Yield the lines without their ends, one by one: memory does not grow with the file."""
        with self.open() as stream:
            for line in stream:
                yield line[:-1] if line.endswith("\n") else line


class _Limited(io.RawIOBase):
    """The first bytes of a file."""

    def __init__(self, path: Path, n_bytes: int) -> None:
        self._stream, self._left = io.FileIO(path), n_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        content = self._stream.read(min(len(buffer), self._left))
        self._left -= len(content)
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._stream.close()
        super().close()


def find_text(path: Path, *, expected: str, allow_damage: bool = False) -> TextFile:
    """Find the encoding of a text file, and check that it is text; its content is scanned, not kept.

    Parameters
    ----------
    path : Path
    expected : str
        For the messages: "a table with the columns subject,pool".
    allow_damage : bool
        Whether a text with damaged bytes is taken, with a note; refused otherwise.

    Returns
    -------
    TextFile

    Raises
    ------
    MissingDataError
        When there is no such file.
    CorruptDataError
        When it is not text, has a line of more than `MAX_LINE` bytes, or is damaged where that is not allowed.
    DataError
        When it cannot be read, or has more than `MAX_TEXT_BYTES`.
    """
    if not path.is_file():
        what = "a folder" if path.is_dir() else f"no such file{explain_absence(path)}"
        raise MissingDataError(f"{path}: {what}; expected {expected}")
    try:
        with open(path, "rb") as stream:
            found = _scan(path, stream, expected)
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or 0)
        raise DataError(f"{path}: cannot be read ({reason}); check its permissions") from None
    if found.is_damaged and not allow_damage:
        n_bytes = found.n_bytes_cut + found.n_damaged
        raise CorruptDataError(f"{path}: {n_bytes} damaged bytes in a text ({found.encoding}); copy or export it again")
    return found


def _scan(path: Path, stream: BinaryIO, expected: str) -> TextFile:
    size = stream.seek(0, os.SEEK_END)
    if size > MAX_TEXT_BYTES:
        raise DataError(f"{path}: {size} bytes, limit {MAX_TEXT_BYTES}; split it")
    stream.seek(0)
    head = stream.read(_HEAD)
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), None) or _find_unmarked_utf16(head)
    # a zero byte at the end of UTF-16 belongs to the last line end
    unit = {"utf-16": 2, "utf-32": 4}.get((encoding or "")[:6], 1)
    end = _find_end(stream, size, unit)
    if unit == 1:
        _refuse_other_files(path, head[:end], expected)
    stream.seek(0)
    counts = _Counts(strict=unit == 1)
    left = end
    while left and (block := stream.read(min(MAX_LINE, left))):
        left -= len(block)
        counts.add(block, is_last=not left)
        if counts.longest > MAX_LINE:
            raise CorruptDataError(
                f"{path}: {counts.longest} characters in a line, limit {MAX_LINE}; expected {expected}"
            )
    if encoding is None:
        # single bytes outside UTF-8 in a text that is UTF-8 elsewhere are damage, not another encoding
        encoding = "utf-8" if counts.n_wrong <= counts.n_good else "cp1252"
    damaged = counts.n_nul + (counts.n_wrong if encoding.startswith("utf-8") else 0)
    return TextFile(path=path, encoding=encoding, n_bytes=end, n_bytes_cut=size - end, n_damaged=damaged)


def _find_unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Western text is zero."""
    half = len(head) // 2
    if half < 2:
        return None
    first, second = head[::2].count(0), head[1::2].count(0)
    for name, zeros, others in (("utf-16-le", second, first), ("utf-16-be", first, second)):
        if zeros > _UTF16_SHARE * half and not others and _looks_like_text(head.replace(b"\0", b"")):
            return name
    return None


def _find_end(stream: BinaryIO, size: int, unit: int) -> int:
    """Length of the file without NUL characters (of `unit` bytes) at its end."""
    end = size
    step = 1
    while end > 0:
        # the last byte, mostly, is none
        start, step = max(0, end - step), MAX_LINE
        stream.seek(start)
        block = stream.read(end - start).rstrip(b"\0")
        if block:
            end = start + len(block)
            break
        end = start
    return min(size, -(-end // unit) * unit)


def _looks_like_text(content: bytes) -> bool:
    return len(content) - len(content.translate(None, _NO_TEXT)) <= _MAX_SHARE_NO_TEXT * len(content)


def _refuse_other_files(path: Path, head: bytes, expected: str) -> None:
    """Refuse binary files; a run of NUL bytes counts once, since it is damage in a text."""
    other = name_other_file(head)
    if other is not None:
        raise CorruptDataError(f"{path}: not {'a table' if _looks_like_text(head) else 'a text file'} but {other}")
    if not _looks_like_text(re.sub(rb"\0{2,}", b"\0", head)):
        raise CorruptDataError(f"{path}: not a text file; expected {expected}")


class _Counts:
    """What is in the bytes of a file, block by block."""

    def __init__(self, *, strict: bool) -> None:
        self.longest = self.n_nul = self.n_good = self.n_wrong = 0
        self._strict, self._open_line = strict, 0
        self._decoder: codecs.IncrementalDecoder | None = None

    def add(self, block: bytes, *, is_last: bool) -> None:
        """Count in the next block, of `MAX_LINE` bytes at most."""
        ends = [place for mark in (b"\n", b"\r") for place in (block.find(mark), block.rfind(mark)) if place >= 0]
        self.longest = max(self.longest, self._open_line + (min(ends) if ends else len(block)))
        self._open_line = len(block) - max(ends) - 1 if ends else self._open_line + len(block)
        if not self._strict:
            return
        self.n_nul += block.count(0)
        if self._decoder is None and block.isascii():
            return
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        text = self._decoder.decode(block, final=is_last)
        # the replacement character itself may stand in a text
        wrong = text.count("\ufffd") - block.count("\ufffd".encode())
        self.n_wrong += wrong
        self.n_good += len(text) - len(text.encode("ascii", "ignore")) - wrong
