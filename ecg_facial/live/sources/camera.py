"""A camera through OpenCV.

Input: the number of a camera, a device file, or the address of a network camera. Output: its frames, stamped when they
were taken from the driver, on this machine's monotonic clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import cv2
import cv2.utils.logging as opencv_log
import numpy as np

from ecg_facial.errors import SourceLostError
from ecg_facial.face.frames import RgbFrame
from ecg_facial.live.sources.contract import MACHINE, Kind, SourceInfo, VideoBlock

# where the driver states none
_USUAL_FPS = 25.0
# drivers that wait for a camera which was unplugged give up by then
_OPEN_MS, _READ_MS = 4000, 2000
# FFmpeg's level, which OpenCV reads when it first opens a stream
_QUIET = ("OPENCV_FFMPEG_LOGLEVEL", "-8")


class CameraSource:
    """A camera as a source.

    The logs of OpenCV and its FFmpeg are off from `open` on: a camera that is away is tried again and again, and each
    try would write across the monitor's screen what the error says already.

    Parameters
    ----------
    device : int or str
        Number from 0, a device file such as ``/dev/video0``, or an address such as ``rtsp://...``.
    fps : float, optional
        Rate to ask the camera for.
    now : callable
        The monitor's clock, and that of the stamps.
    """

    kind: Kind = "video"

    def __init__(
        self, device: int | str = 0, *, fps: float | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._device = int(device) if isinstance(device, str) and device.isdigit() else device
        self._fps, self._now = fps, now
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> SourceInfo:
        """Connect to the camera."""
        self.close()
        capture = _open_capture(self._device)
        if not capture.isOpened():
            capture.release()
            raise SourceLostError(
                f"camera {self._device} cannot be opened; check that it is plugged in and that no other program uses it"
            )
        # an old frame is worse than none
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if self._fps is not None:
            capture.set(cv2.CAP_PROP_FPS, self._fps)
        stated = capture.get(cv2.CAP_PROP_FPS)
        self._capture = capture
        rate_hz = stated if np.isfinite(stated) and 1 <= stated <= 1000 else self._fps or _USUAL_FPS
        return SourceInfo(name=f"camera {self._device}", kind="video", clock=MACHINE, rate_hz=float(rate_hz))

    def read(self, timeout_s: float) -> VideoBlock | None:
        """Wait for the next frame; the driver decides how long."""
        if self._capture is None or not self._capture.grab():
            self.close()
            raise SourceLostError(f"camera {self._device} gives no frames; check its cable")
        # before decoding, which takes its time
        grabbed_s = self._now()
        is_read, picture = self._capture.retrieve()
        if not is_read or picture is None or not picture.size:
            return None
        rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        return VideoBlock(frame=RgbFrame(rgb, grabbed_s), arrived_s=self._now())

    def close(self) -> None:
        """Let the camera go."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def _open_capture(device: int | str) -> cv2.VideoCapture:
    """Open a device; network addresses with limits of time, which not every driver of OpenCV takes."""
    os.environ.setdefault(*_QUIET)
    opencv_log.setLogLevel(opencv_log.LOG_LEVEL_SILENT)
    if isinstance(device, str) and "://" in device:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS]
        return cv2.VideoCapture(device, cv2.CAP_FFMPEG, limits)
    return cv2.VideoCapture(device)
