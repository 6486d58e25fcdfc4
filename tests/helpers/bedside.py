"""A bed with a person: frames whose faces are written in a pixel, a drawn ECG, networks that look at both."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ecg_facial.errors import SourceEndedError
from ecg_facial.face.detection import Face
from ecg_facial.face.video import RgbFrame, VideoFrame
from ecg_facial.inference.bundle import BundleInfo
from ecg_facial.inference.fusion import Fusion
from ecg_facial.inference.predictor import Predictor
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.engine import PatientEngine
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.sources.contract import Block, EcgBlock, SourceInfo, VideoBlock
from ecg_facial.live.sources.replay import Pace
from ecg_facial.live.store.rows import EstimateRow, EventRow, Row
from ecg_facial.runtime.typing import Float64Array, UInt8Array
from ecg_facial.windows.settings import WindowSettings

FS_HZ, FPS = 128.0, 10.0
START_UTC_S = 1_800_000_000.0
WINDOWS = WindowSettings(window_s=5.5, n_frames=8, crop_px=32)
VIDEO = SourceInfo(name="camera", kind="video", clock="recording", rate_hz=FPS)
ECG = SourceInfo(name="amplifier", kind="ecg", clock="recording", rate_hz=FS_HZ)
_SIDE_PX, _FACE_PX = 96, 40


class MarkedDetector:
    """Finds as many faces as the first pixel says."""

    name, sha256 = "mtcnn", "0" * 64

    def detect(self, frame: VideoFrame) -> list[Face]:
        assert isinstance(frame, RgbFrame)
        return [_face(place) for place in range(int(frame.image[0, 0, 0]))]

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        return []

    def ask_upright(self, frame: VideoFrame, face: Face) -> Callable[[], bool]:
        return lambda: True

    def verify(self, frame: VideoFrame, expected: Face) -> Face | None:
        return next((face for face in self.detect(frame) if np.array_equal(face.box, expected.box)), None)


def _face(place: int) -> Face:
    """The person, then somebody behind the person."""
    corner, side = np.array([4.0 + 56.0 * place, 20.0]), _FACE_PX * 0.6**place
    places = np.array([[0.35, 0.4], [0.65, 0.4], [0.5, 0.55], [0.38, 0.75], [0.62, 0.75]])
    return Face(box=np.array([*corner, side, side]), landmarks=corner + side * places, confidence=0.95)


class LookingNetworks:
    """Logits follow the brightness of the crops, and the heart-rate tokens."""

    def face_features(self, crops: UInt8Array, /) -> np.ndarray:
        means = crops.reshape(len(crops), -1).mean(axis=1)
        return np.stack([means / 255.0, np.ones(len(crops))], axis=1).astype(np.float32)

    def facial_logits(self, features: np.ndarray, /) -> np.ndarray:
        return _logits(float(features[:, 0].mean()))

    def ecg_logits(self, tokens: np.ndarray, times_s: np.ndarray, /) -> np.ndarray:
        return _logits(float(np.abs(tokens[:, 0]).mean()) + 0.01 * float(times_s.sum()))


def _logits(value: float) -> np.ndarray:
    return np.asarray(-2.0 * (np.arange(4) - 6.0 * (value % 1.0)) ** 2, np.float32)


def make_predictor() -> Predictor:
    info = BundleInfo(
        task="biovid4", class_names=("BL1", "PA1", "PA2", "PA3"), windows=WINDOWS, fusion=Fusion(), simulated=True,
        n_subjects=2, description="a test",
    )  # fmt: skip
    return Predictor(info, LookingNetworks())


def draw_ecg(rng: np.random.Generator, *, seconds: float, rate_bpm: float = 72.0) -> Float64Array:
    """Draw beats with P, QRS and T waves, jitter and a little noise, in millivolts."""
    times = np.arange(round(seconds * FS_HZ)) / FS_HZ
    wave = rng.normal(0.0, 0.01, len(times))
    beat_s = 0.3
    while beat_s < seconds:
        for offset, height, width in ((-0.16, 0.12, 0.02), (-0.03, -0.1, 0.01), (0.0, 1.0, 0.012), (0.25, 0.25, 0.04)):
            # farther away it is below the last bit: an hour's wave for each beat would take minutes
            first, end = np.searchsorted(times, beat_s + offset + 10 * width * np.array([-1, 1]))
            wave[first:end] += height * np.exp(-0.5 * ((times[first:end] - beat_s - offset) / width) ** 2)
        beat_s += 60.0 / rate_bpm * rng.normal(1.0, 0.03)
    return wave


@dataclass(kw_only=True)
class Person:
    """What camera and amplifier give.

    Attributes
    ----------
    n_faces : callable
        Faces in the picture at a time; None where the camera gives nothing.
    brightness : callable
        Of the face, 0..255, at a time.
    ecg : ndarray, or None
    """

    seconds: float
    seed: int = 0
    n_faces: Callable[[float], int | None] = lambda _: 1
    brightness: Callable[[float], float] = lambda _: 120.0
    freezes: Callable[[float], bool] = lambda _: False
    ecg: Float64Array | None = field(default=None)

    def __post_init__(self) -> None:
        if self.ecg is None:
            self.ecg = draw_ecg(np.random.default_rng(self.seed), seconds=self.seconds)

    def frame(self, number: int) -> RgbFrame | None:
        time_s = number / FPS
        n_faces = self.n_faces(time_s)
        if n_faces is None:
            return None
        while number and self.freezes(number / FPS):
            number -= 1
        rng = np.random.default_rng([self.seed, number])
        picture = rng.normal(self.brightness(number / FPS), 20.0, (_SIDE_PX, _SIDE_PX, 3))
        # light from above
        picture += np.linspace(30.0, -30.0, _SIDE_PX)[:, None, None]
        image = np.clip(picture, 0, 255).astype(np.uint8)
        image[0, 0] = n_faces
        return RgbFrame(image, time_s)

    def blocks(self, *, chunk: int = 16) -> Iterator[Block]:
        """Blocks in the order of their arrival."""
        return heapq.merge(self.video_blocks(), self.ecg_blocks(chunk=chunk), key=lambda block: block.arrived_s)

    def video_blocks(self) -> Iterator[Block]:
        for number in range(round(self.seconds * FPS)):
            frame = self.frame(number)
            if frame is not None:
                yield VideoBlock(frame=frame, arrived_s=number / FPS)

    def ecg_blocks(self, *, chunk: int = 16) -> Iterator[Block]:
        assert self.ecg is not None
        for first in range(0, len(self.ecg), chunk):
            stamps_s = (first + np.arange(len(self.ecg[first : first + chunk]))) / FS_HZ
            yield EcgBlock(samples=self.ecg[first : first + chunk], stamps_s=stamps_s, arrived_s=float(stamps_s[-1]))


class BedSource:
    """Camera or amplifier of a person at a bed, as fast as it is read."""

    def __init__(self, info: SourceInfo, person: Person) -> None:
        self.info, self.kind, self.pace = info, info.kind, Pace(speed=math.inf)
        self._blocks = person.ecg_blocks() if info.kind == "ecg" else person.video_blocks()

    def open(self) -> SourceInfo:
        return self.info

    def read(self, timeout_s: float) -> Block | None:
        block = next(self._blocks, None)
        if block is None:
            raise SourceEndedError("at its end")
        return block

    def close(self) -> None:
        pass


class Bed:
    """An engine that is fed with blocks; time is that of the newest block."""

    def __init__(
        self,
        *,
        sources: tuple[SourceInfo, ...] = (VIDEO, ECG),
        settings: MonitorSettings | None = None,
        alarms: AlarmSettings | None = None,
    ) -> None:
        self.now_s = 0.0
        self.rows: list[Row] = []
        self.engine = PatientEngine(
            "P1", make_predictor(), sources, settings=settings or MonitorSettings(rest_s=0),
            alarms=alarms or AlarmSettings(), now=lambda: self.now_s, detector=MarkedDetector(),
        )  # fmt: skip

    def take(self, block: Block) -> list[Row]:
        self.now_s = max(self.now_s, block.arrived_s)
        self.engine.push(block)
        return self.wait(self.now_s)

    def wait(self, now_s: float) -> list[Row]:
        self.now_s = now_s
        new = self.engine.tick(now_s, START_UTC_S + now_s)
        self.rows += new
        return new

    def watch(self, person: Person) -> list[EstimateRow]:
        for block in person.blocks():
            self.take(block)
        self.rows += self.engine.end(self.now_s, START_UTC_S + self.now_s)
        return self.estimates

    @property
    def estimates(self) -> list[EstimateRow]:
        return [row for row in self.rows if isinstance(row, EstimateRow)]

    def events(self, kind: str) -> list[EventRow]:
        return [row for row in self.rows if isinstance(row, EventRow) and row.kind == kind]
