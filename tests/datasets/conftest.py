"""Tiny data sets in every layout, written by the tests themselves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_files import write_ecg, write_heat, write_images, write_pspi, write_video

from ecg_facial.recording import EcgRef, VideoRef

PEOPLE = ("071309_w_21", "082414_m_64")
LEVELS = ("BL1", "PA3")
Signals = tuple[VideoRef | None, EcgRef | None]
# a cycle of PMED: 25 s without heat, 10 s with
CYCLE_S, PAUSE_S, HEAT_S = 35.0, 25.0, 10.0
WARM_TO_HOT_C = (44.0, 40.0, 47.5, 42.5, 46.0)
# of a stretch of UNBC: 5.5 s at 25 a second, to the whole frame
FRAMES = 138


class Layout:
    """One reader's data set of two people with two trials each; tells where each trial's files are."""

    names = tuple(f"{subject}-{level}-{number:03d}" for subject in PEOPLE for number, level in enumerate(LEVELS))
    # what of sound data is no trial, by kind of problem
    left_out: tuple[tuple[str, int], ...] = ()

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

    def expect(self) -> dict[str, tuple[str, str, Signals]]:
        """Subject, level and signals of every trial."""
        fps = 25.0 if self.reader == "original" else None
        return {
            name: (*name.split("-")[:2], (VideoRef(path=self.video(name), fps=fps), EcgRef(path=self.ecg(name))))  # type: ignore[misc]  # two words
            for name in self.names
        }

    def alter(self) -> None:
        """Change what a signal holds."""
        with open(self.ecg(self.names[0]), "a") as stream:
            stream.write("\t".join(["5500000", "1", "1", "1"]) + "\n")

    def damage(self) -> str:
        """Make a signal unreadable; tells whose."""
        self.ecg(self.names[0]).write_text("")
        return self.names[0].split("-")[0]

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


class PmedLayout(Layout):
    """Two people with five temperatures each, once."""

    left_out = (("no_level", 2),)
    people = ("S_01", "S_02")

    def write(self) -> Layout:
        for subject in self.people:
            heat = [
                (number * CYCLE_S + PAUSE_S, (number + 1) * CYCLE_S, celsius)
                for number, celsius in enumerate(WARM_TO_HOT_C)
            ]
            write_heat(self.table(subject), heat, duration_s=len(heat) * CYCLE_S + 1.0)
        return self

    def table(self, subject: str) -> Path:
        return self.root / "raw-data" / f"{subject}-synchronised-data.csv"

    def expect(self) -> dict[str, tuple[str, str, Signals]]:
        # no heat ends 5 s before the first stimulus; 40 degrees are painless
        starts_s = {"BL1-001": 10.0, "PA2-002": 25.0, "PA4-003": 95.0, "PA1-004": 130.0, "PA3-005": 165.0}
        return {
            f"{subject}-{name}": (
                subject,
                name.split("-")[0],
                (None, EcgRef(path=self.table(subject), fs_hz=250.0, column="Ecg", start_s=start_s, duration_s=HEAT_S)),
            )
            for subject in self.people
            for name, start_s in starts_s.items()
        }

    def alter(self) -> None:
        with open(self.table("S_01"), "a") as stream:
            stream.write("176,000;1;32,0;0,0\n")

    def damage(self) -> str:
        self.table("S_01").write_text("")
        return "S_01"


class UnbcLayout(Layout):
    """Two people with a sequence each: nothing, strong pain, a trace of it; and a piece too short to count."""

    left_out = (("no_level", 2),)
    people = ("042-ll042", "043-jh043")

    def write(self) -> Layout:
        for subject in self.people:
            pspi = np.zeros(3 * FRAMES + 50)
            pspi[FRAMES + 10], pspi[FRAMES + 11], pspi[2 * FRAMES + 5] = 4.0, 1.0, 1.0
            write_pspi(self.root, subject, self.sequence(subject), pspi.tolist())
        return self

    def sequence(self, subject: str) -> str:
        return f"{subject.split('-')[1]}t1aaaff"

    def images(self, subject: str) -> Path:
        return self.root / "Images" / subject / self.sequence(subject)

    def expect(self) -> dict[str, tuple[str, str, Signals]]:
        length_s = FRAMES / 25
        return {
            f"{self.sequence(subject)}-{number + 1:02d}": (
                subject,
                level,
                (VideoRef(path=self.images(subject), fps=25.0, start_s=number * length_s, duration_s=length_s), None),
            )
            for subject in self.people
            for number, level in enumerate(("BL1", "PA4"))
        }

    def alter(self) -> None:
        with open(next(self.images("042-ll042").iterdir()), "ab") as stream:
            stream.write(b"0")

    def damage(self) -> str:
        for image in self.images("042-ll042").iterdir():
            image.write_bytes(b"")
        return "042-ll042"


LAYOUTS = {"pmed": PmedLayout, "unbc": UnbcLayout}


@pytest.fixture
def media() -> SimpleNamespace:
    """Writers of tiny files."""
    return SimpleNamespace(write_video=write_video, write_ecg=write_ecg, write_images=write_images)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Write each layout once."""

    def write(reader: str) -> Path:
        kind = LAYOUTS.get(reader, Layout)
        return kind(tmp_path_factory.mktemp("template") / reader, reader).write().root

    return cache(write)


@pytest.fixture
def make_layout(tmp_path: Path, templates: Callable[[str], Path]) -> Callable[[str], Layout]:
    """Copy a small data set in a reader's layout; call it once a test."""

    def make(reader: str) -> Layout:
        root = Path(shutil.copytree(templates(reader), tmp_path / "data"))
        return LAYOUTS.get(reader, Layout)(root, reader)

    return make
