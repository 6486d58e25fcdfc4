"""Time to make a window: decoding, tracking and cropping from the planes, compared with converting every whole frame.

Run as ``python benchmarks/windows.py [--clips N]``. A rendered face is written as a 1388 x 1038 H.264 clip of 138
frames and read in one thread. Ratios are of the same run, those of small pictures and of pictures without a face too.
The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.face.detection import Face, FaceDetector
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.frames import VideoFrame, YuvFrame
from ecg_facial.face.packets import _find_film
from ecg_facial.face.video import read_frames
from ecg_facial.recording import EcgSignal, VideoRef
from ecg_facial.simulate.files.encode import encode_video
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer
from ecg_facial.windows.making import make_window
from ecg_facial.windows.settings import WindowSettings

SIZE, N_FRAMES, FS_HZ = (1388, 1038), 138, 512.0


def write_clip(path: Path, *, width: int = SIZE[0], height: int = SIZE[1], face: bool = True) -> None:
    renderer = FaceRenderer(sample_identity(np.random.default_rng(0)), width=320, height=240)
    frames = [renderer.render({"AU04": share}) for share in np.linspace(0, 1, 12)]
    # the upper left corner, enlarged, is wall and hair
    frames = frames if face else [np.ascontiguousarray(frame[:60, :80]) for frame in frames]
    large = [
        np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        for frame in frames
    ]
    shown = (large[i * 12 // N_FRAMES] for i in range(N_FRAMES))
    path.write_bytes(encode_video(shown, width=width, height=height))


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Shortest of some runs, after one that warms up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def convert_whole(path: Path) -> None:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            cv2.resize(frame.to_ndarray(format="rgb24"), (112, 112), interpolation=cv2.INTER_AREA)


def decode_only(path: Path) -> None:
    with av.open(str(path)) as container:
        for _ in container.decode(video=0):
            pass


class WithoutExtras:
    """A detector that neither searches small faces nor asks whether one is upright."""

    def __init__(self, detector: FaceDetector) -> None:
        self._detector, self.name, self.sha256 = detector, detector.name, detector.sha256
        self.detect, self.verify = detector.detect, detector.verify

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        """Find none."""
        return []

    def ask_upright(self, frame: VideoFrame, face: Face) -> Callable[[], bool]:
        """Say yes."""
        return lambda: True


def read_plainly(path: Path) -> Iterator[VideoFrame]:
    """Frames as PyAV gives them: no packets are looked through, no stamp is checked."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield YuvFrame(frame, float(frame.time or 0.0))


def compare(path: Path, detector: FaceDetector, repeats: int) -> float:
    """Time of a window relative to one without checks of the stream and of faces, in turn, the shortest of each."""
    settings, plain = WindowSettings(), WithoutExtras(detector)
    times: dict[str, list[float]] = {"full": [], "plain": []}
    for _ in range(repeats + 1):
        for name, made in (("full", detector), ("plain", plain)):
            frames = read_frames(path) if name == "full" else read_plainly(path)
            # as for a file that is read for the first time
            _find_film.cache_clear()
            start = time.process_time()
            make_window(frames, None, settings=settings, detector=made)
            times[name].append(time.process_time() - start)
    return min(times["full"][1:]) / min(times["plain"][1:])


def main(repeats: int) -> None:
    cv2.setNumThreads(1)
    detector, settings = load_detector(), WindowSettings()
    rng = np.random.default_rng(0)
    ecg = EcgSignal(samples=rng.normal(size=round(FS_HZ * 5.5)), fs_hz=FS_HZ)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_clip(path)
        extras = {}
        for (width, height), face in itertools.product(((320, 240), SIZE), (True, False)):
            other = Path(folder) / f"{width}-{face}.mp4"
            write_clip(other, width=width, height=height, face=face)
            extras[f"{width} x {height}, {'a face' if face else 'no face'}"] = compare(other, detector, repeats)
        cost = {
            "decode": seconds(lambda: decode_only(path), repeats),
            "window": seconds(
                lambda: make_window(read_frames(VideoRef(path=path)), None, settings=settings, detector=detector),
                repeats,
            ),
            "whole frames to RGB": seconds(lambda: convert_whole(path), repeats),
            "ECG window": seconds(lambda: make_window(None, ecg, settings=settings), repeats),
            "R-peaks": seconds(lambda: detect_r_peaks(ecg.samples, FS_HZ), repeats),
        }
    for name, value in cost.items():
        print(f"{name:22s} {1e3 * value:8.1f} ms  {value / cost['decode']:6.2f} of decoding")
    print("window, relative to one that looks through no packets, searches no small faces, and takes any face:")
    for name, value in extras.items():
        print(f"  {name:24s} {value:6.3f}")
    figures = {**cost, **{f"relative, {name}": value for name, value in extras.items()}}
    print(json.dumps({"benchmark": "windows", **{name: round(value, 4) for name, value in figures.items()}}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=3, help="runs of which the shortest counts")
    main(parser.parse_args().clips)
