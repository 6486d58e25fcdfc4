"""Reports with fewer figures, or none: each takes a second to save, and most tests look at none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ecg_facial.evaluation.report import writing


@contextmanager
def keep_figures(*names: str) -> Iterator[None]:
    """Let reports show only the figures whose names begin so; the places of the others are empty."""
    write = writing._write_figures

    def write_some(folder: Path, drawn: Mapping[str, Any]) -> dict[str, str]:
        kept = {name: figure for name, figure in drawn.items() if name.startswith(names)}
        return dict.fromkeys(drawn, "") | write(folder, kept)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "_write_figures", write_some)
        yield
