"""Encoding of pictures and signals as in BioVid's files.

Input: frames, and columns of signals. Output: H.264 in MP4, and TAB-separated text. Same bytes for the same input and
versions: one encoder thread, no creation time.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import Float64Array, UInt8Array

BIOSIGNAL_COLUMNS = ("time", "gsr", "ecg", "emg_trapezius", "emg_corrugator", "emg_zygomaticus")
_MICROSECONDS = 1_000_000
_DECIMALS = 3
_ROW = "\t".join(["%d"] + [f"%.{_DECIMALS}f"] * (len(BIOSIGNAL_COLUMNS) - 1)) + "\n"
# ultrafast: encoding would otherwise take longer than drawing (superfast 1.35 instead of 0.49 ms per frame)
_X264 = {"preset": "ultrafast", "threads": "1"}
_CRF = 23


def encode_video(
    frames: Iterable[UInt8Array | None], *, width: int, height: int, fps: int = 25, crf: int = _CRF
) -> bytes:
    """Encode RGB frames as H.264 in MP4, in memory; see `write_video` for the parameters."""
    buffer = io.BytesIO()
    write_video(buffer, frames, width=width, height=height, fps=fps, crf=crf)
    return buffer.getvalue()


def write_video(
    target: io.BytesIO | Path,
    frames: Iterable[UInt8Array | None],
    *,
    width: int,
    height: int,
    fps: int | Fraction = 25,
    crf: int = _CRF,
) -> None:
    """Write RGB frames as H.264 in MP4.

    Parameters
    ----------
    target : BytesIO or Path
        File, or buffer in memory; the bytes are the same.
    frames : iterable of ndarray of uint8, shape (height, width, 3)
        RGB pictures, taken one at a time. None is a lost frame: the next one keeps its own time.
    width, height : int
        Size in pixels, even numbers.
    fps : int or Fraction
        Frame rate in Hz.
    crf : int
        Rate factor, 0 (lossless) to 51; 23 is x264's default.

    Raises
    ------
    SettingsError
        When a frame has another shape.
    """
    # bitexact: no version of the encoder in the file
    with av.open(
        str(target) if isinstance(target, Path) else target, "w", format="mp4", options={"fflags": "+bitexact"}
    ) as container:
        stream = container.add_stream("libx264", rate=fps, options={**_X264, "crf": str(crf)})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        time_base = Fraction(1, fps)
        for number, frame in enumerate(frames):
            if frame is None:
                continue
            if frame.shape != (height, width, 3):
                raise SettingsError(f"frame {number} has shape {frame.shape}: expected ({height}, {width}, 3)")
            # OpenCV converts four times as fast as FFmpeg's scaler, with the same BT.601 matrix
            planes = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).astype(np.uint8, copy=False)
            picture = _fill_frame(planes, width, height)
            picture.pts, picture.time_base = number, time_base
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def _fill_frame(planes: UInt8Array, width: int, height: int) -> av.VideoFrame:
    """Copy adjacent planes to a frame; PyAV's method for any layout takes five times as long."""
    frame = av.VideoFrame(width, height, "yuv420p")
    if any(plane.line_size != plane.width for plane in frame.planes):
        return av.VideoFrame.from_ndarray(planes, format="yuv420p")
    content, start = planes.reshape(-1), 0
    for plane in frame.planes:
        plane.update(content[start : start + plane.buffer_size].tobytes())
        start += plane.buffer_size
    return frame


def format_biosignals(columns: Float64Array, *, fs_hz: float) -> str:
    """Format signals as in BioVid's files.

    Parameters
    ----------
    columns : ndarray of float64, shape (5, n_times)
        GSR, ECG, EMG of trapezius, corrugator and zygomaticus; three decimals are kept.
    fs_hz : float
        Sampling rate; the time column is in microseconds.

    Raises
    ------
    SettingsError
        When there are not five columns.
    """
    if columns.ndim != 2 or len(columns) != len(BIOSIGNAL_COLUMNS) - 1:
        raise SettingsError(f"biosignals have shape {columns.shape}: expected ({len(BIOSIGNAL_COLUMNS) - 1}, n_times)")
    n_times = columns.shape[1]
    time_us = np.arange(n_times) * (_MICROSECONDS / fs_hz)
    # adding 0.0 turns -0.0 into 0.0, so that no "-0.000" is written
    values = np.vstack([np.rint(time_us), np.round(columns, _DECIMALS) + 0.0]).T
    rows: str = (_ROW * n_times) % tuple(values.ravel().tolist())
    return "\t".join(BIOSIGNAL_COLUMNS) + "\n" + rows
