"""Tiny data sets in every layout, written by the tests themselves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

FPS, FS_HZ = 25, 512
CLIP_S = 5.52
PEOPLE = ("071309_w_21", "082414_m_64")
LEVELS = ("BL1", "PA3")


def write_video(path: Path, *, duration_s: float = CLIP_S, cut_to: float = 1.0, header_first: bool = True) -> Path:
    """Grey noise, 64 x 48; `cut_to` keeps that share of the bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = {"movflags": "faststart"} if header_first and path.suffix == ".mp4" else {}
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", options=flags) as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(round(duration_s * FPS)):
            picture = rng.integers(0, 255, (48, 64, 3)).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    if cut_to < 1:
        content = path.read_bytes()
        path.write_bytes(content[: int(cut_to * len(content))])
    return path


def write_ecg(path: Path, *, duration_s: float = 5.5, columns: str = "time\tgsr\tecg\temg_trapezius") -> Path:
    """Write a table of BioVid's form; only the columns named in it are written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = columns.split("\t")
    rows = [
        "\t".join(str(round(number * 1e6 / FS_HZ)) if name == "time" else f"{0.001 * number:.3f}" for name in names)
        for number in range(round(duration_s * FS_HZ))
    ]
    path.write_text("\n".join([columns, *rows]) + "\n", encoding="utf-8")
    return path


def write_images(folder: Path, *, n_frames: int = 138) -> Path:
    """Write empty pictures as numbered JPEGs."""
    folder.mkdir(parents=True, exist_ok=True)
    content = cv2.imencode(".jpg", np.full((24, 32, 3), 90, np.uint8))[1].tobytes()
    for number in range(n_frames):
        (folder / f"frame_{number:04d}.jpg").write_bytes(content)
    return folder


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
