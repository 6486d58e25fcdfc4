"""Tiny data sets in every layout, written by the tests themselves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from tiny_files import write_ecg, write_images, write_video

PEOPLE = ("071309_w_21", "082414_m_64")
LEVELS = ("BL1", "PA3")


class Layout:
    """One reader's data set of two people with two trials each; tells where each trial's files are."""

    names = tuple(f"{subject}-{level}-{number:03d}" for subject in PEOPLE for number, level in enumerate(LEVELS))

    def __init__(self, root: Path, reader: str) -> None:
        self.root, self.reader = root, reader

    def write(self) -> Layout:
        reader = self.reader
        for name in self.names:
            if reader == "original":
                write_images(self.video(name))
            else:
                write_video(self.video(name))
            write_ecg(self.ecg(name))
        if reader == "manifest":
            self.write_manifest([self.row(name) for name in self.names])
        return self

    def video(self, name: str) -> Path:
        subject = name.split("-")[0]
        places = {
            "biovid": f"PartA/video/{subject}/{name}.mp4",
            "original": f"prepro_vid/{subject}/{name}",
            "manifest": f"clips/{name}.mp4",
        }
        return self.root / places[self.reader]

    def ecg(self, name: str) -> Path:
        subject = name.split("-")[0]
        places = {
            "biovid": f"PartA/biosignals_filtered/{subject}/{name}_bio.csv",
            "original": f"ecg_only/{subject}/{name}.csv",
            "manifest": f"signals/{name}.csv",
        }
        return self.root / places[self.reader]

    def row(self, name: str) -> str:
        subject, level, _ = name.split("-")
        return f"{subject},{name},{level},clips/{name}.mp4,signals/{name}.csv,"

    def write_manifest(self, rows: list[str], header: str = "subject,trial,label,video,ecg,fs_hz") -> Path:
        path = self.root / "manifest.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    def rename_level(self, name: str, code: str) -> None:
        """Give a trial another level code, wherever this layout keeps it."""
        level = name.split("-")[1]
        if self.reader == "manifest":
            rows = [self.row(other) for other in self.names if other != name]
            self.write_manifest([*rows, self.row(name).replace(f",{level},", f",{code},")])
            return
        for path in (self.video(name), self.ecg(name)):
            path.rename(path.with_name(path.name.replace(f"-{level}-", f"-{code}-")))


@pytest.fixture
def media() -> SimpleNamespace:
    """Writers of tiny files."""
    return SimpleNamespace(write_video=write_video, write_ecg=write_ecg, write_images=write_images)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Write each layout once."""
    return cache(lambda reader: Layout(tmp_path_factory.mktemp("template") / reader, reader).write().root)


@pytest.fixture
def make_layout(tmp_path: Path, templates: Callable[[str], Path]) -> Callable[[str], Layout]:
    """Copy a small data set in a reader's layout; call it once a test."""

    def make(reader: str) -> Layout:
        root = Path(shutil.copytree(templates(reader), tmp_path / "data"))
        return Layout(root, reader)

    return make
