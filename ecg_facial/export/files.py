"""Files of an export: complete or absent, and never in place of another one.

Input: a path, and what writes it. Output: the file. An export of the same rows gives the same bytes: a file that is
there with this content stays as it is, so that an interrupted export is run again; one with other content is refused.
"""

from __future__ import annotations

import filecmp
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.storage import atomic_path


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which takes the name when it is complete.

    Raises
    ------
    SettingsError
        When a file of that name holds something else.
    """
    with atomic_path(path) as temporary:
        yield temporary
        if path.is_dir() or (path.exists() and not filecmp.cmp(path, temporary, shallow=False)):
            raise SettingsError(f"{path}: is there, with other content; move it away, or name another folder")


def put_text(path: Path, text: str) -> Path:
    """Write a text in UTF-8, as it is."""
    with new_file(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
    return path
