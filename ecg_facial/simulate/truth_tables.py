"""Writing and reading the CSV tables with the truth of a cohort.

Input: rows, or the path of a table. Output: lines, or parsed rows. The columns are defined in `truth`, `artefacts`,
`pathology` and `session_files`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from ecg_facial.errors import CorruptDataError, EcgFacialError, MissingDataError

_Row = TypeVar("_Row")


def format_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a table, the header first, one row at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(row)
    yield buffer.getvalue()


def read_rows(
    path: Path, *, columns: Sequence[str], parse: Callable[[dict[str, str]], _Row], absent: str
) -> Iterator[_Row]:
    """Read a table row by row.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        The header, in this order.
    parse : callable
        Converts the cells of a row; may raise ValueError, TypeError, KeyError or AttributeError.
    absent : str
        Message if there is no such file; its path is added.

    Raises
    ------
    MissingDataError
        When there is no such file.
    CorruptDataError
        When the header is another, or a row cannot be read.
    """
    if not path.is_file():
        raise MissingDataError(f"{path}: {absent}")
    with open(path, newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != tuple(columns):
            raise CorruptDataError(f"{path} has columns {reader.fieldnames}: expected {', '.join(columns)}")
        for number, row in enumerate(reader, start=1):
            try:
                parsed = parse(row)
            except (ValueError, TypeError, KeyError, AttributeError, EcgFacialError) as error:
                raise CorruptDataError(f"row {number} of {path} cannot be read ({error}): simulate it again") from None
            yield parsed
