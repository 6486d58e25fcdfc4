"""Tiny media files that tests write: noise videos, ramps as biosignals, grey frames."""

from __future__ import annotations

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


def write_images(folder: Path, *, n_frames: int = 138) -> Path:
    """Write empty pictures as numbered JPEGs."""
    folder.mkdir(parents=True, exist_ok=True)
    content = cv2.imencode(".jpg", np.full((24, 32, 3), 90, np.uint8))[1].tobytes()
    for number in range(n_frames):
        (folder / f"frame_{number:04d}.jpg").write_bytes(content)
    return folder
