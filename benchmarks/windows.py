"""Time to make a window: decoding, tracking and cropping from the planes, compared with converting every whole frame.

Run as ``python benchmarks/windows.py [--clips N]``. A rendered face is written as a 1388 x 1038 H.264 clip of 138
frames and read in one thread. Ratios are of the same run. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np

from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import read_frames
from ecg_facial.recording import EcgSignal, VideoRef
from ecg_facial.simulate.files.encode import encode_video
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer
from ecg_facial.windows.making import make_window
from ecg_facial.windows.settings import WindowSettings

SIZE, N_FRAMES, FS_HZ = (1388, 1038), 138, 512.0


def write_clip(path: Path) -> None:
    renderer = FaceRenderer(sample_identity(np.random.default_rng(0)), width=320, height=240)
    frames = [renderer.render({"AU04": share}) for share in np.linspace(0, 1, 12)]
    large = [np.asarray(cv2.resize(frame, SIZE, interpolation=cv2.INTER_CUBIC), dtype=np.uint8) for frame in frames]
    shown = (large[i * 12 // N_FRAMES] for i in range(N_FRAMES))
    path.write_bytes(encode_video(shown, width=SIZE[0], height=SIZE[1]))


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


def main(repeats: int) -> None:
    cv2.setNumThreads(1)
    detector, settings = load_detector(), WindowSettings()
    rng = np.random.default_rng(0)
    ecg = EcgSignal(samples=rng.normal(size=round(FS_HZ * 5.5)), fs_hz=FS_HZ)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_clip(path)
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
    print(json.dumps({"benchmark": "windows", **{name: round(value, 4) for name, value in cost.items()}}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=3, help="runs of which the shortest counts")
    main(parser.parse_args().clips)
