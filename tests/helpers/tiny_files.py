"""Tiny media files that tests write: noise videos, ramps as biosignals, grey frames, and tables of heat and of PSPI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np

FPS, FS_HZ = 25, 512
CLIP_S = 5.52


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


def write_images(folder: Path, *, n_frames: int = 138, stem: str = "frame_", suffix: str = ".jpg") -> Path:
    """Write empty pictures with numbered names."""
    folder.mkdir(parents=True, exist_ok=True)
    content = cv2.imencode(suffix, np.full((24, 32, 3), 90, np.uint8))[1].tobytes()
    for number in range(n_frames):
        (folder / f"{stem}{number:04d}{suffix}").write_bytes(content)
    return folder


def write_heat(path: Path, heat: Sequence[tuple[float, float, float]], *, duration_s: float, fs_hz: int = 250) -> Path:
    """Write a table of PMED's form; `heat` holds starts and ends in seconds and temperatures, ECG is the row number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    n_times = round(duration_s * fs_hz)
    heater = np.full(n_times, 32.0)
    for start_s, end_s, temperature_c in heat:
        heater[round(start_s * fs_hz) : round(end_s * fs_hz)] = temperature_c
    rows = [
        f"{number / fs_hz:.3f};{number};{temperature:.1f};{10 * (temperature > 40):.1f}".replace(".", ",")
        for number, temperature in enumerate(heater.tolist())
    ]
    path.write_text("\n".join(["Seconds;Ecg;Heater_cleaned;COVAS", *rows]) + "\n", encoding="utf-8")
    return path


def write_pspi(root: Path, subject: str, sequence: str, values: Sequence[float]) -> Path:
    """Write a sequence of UNBC-McMaster's form; returns the folder of its labels."""
    write_images(root / "Images" / subject / sequence, n_frames=len(values), stem=sequence, suffix=".png")
    labels = root / "Frame_Labels" / "PSPI" / subject / sequence
    labels.mkdir(parents=True)
    for number, value in enumerate(values):
        (labels / f"{sequence}{number:04d}_facs.txt").write_text(f"   {value:.7e}\n")
    return labels
