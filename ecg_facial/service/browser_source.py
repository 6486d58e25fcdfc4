"""A browser as the camera of a patient, with an ECG where it has one.

Input: binary messages of a browser's page, each with its capture time on the browser's own clock. Output: two sources
like any other, read by the monitor's threads. The service's loop only puts messages into a short queue: pictures are
checked and decoded where they are read.
"""

from __future__ import annotations

import itertools
import math
import queue
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import cv2
import numpy as np

from ecg_facial.errors import CorruptDataError, SettingsError, SourceLostError
from ecg_facial.face.frames import RgbFrame
from ecg_facial.live.sources.contract import Block, EcgBlock, Kind, SourceInfo, VideoBlock
from ecg_facial.service.jpeg import check_jpeg

_HEAD = struct.Struct("<Bd")
_KINDS: dict[int, Kind] = {1: "video", 2: "ecg"}
# of a camera in a browser, which states none; only the length of a gap depends on it
_USUAL_FPS = 15.0
_MIN_FS_HZ, _MAX_FS_HZ = 50.0, 4000.0
# an ECG message is shorter than this, and so many messages may wait; the oldest are dropped
_MAX_ECG_S, _MAX_WAITING = 10.0, 50
# a browser that has sent nothing for so long may be replaced by another one
_SILENT_S = 5.0


@dataclass(frozen=True, eq=False, kw_only=True)
class _Sent:
    """A message as it arrived."""

    captured_s: float
    payload: bytes
    arrived_s: float


class Offer:
    """A browser that is a patient's camera, until `stop`.

    Attributes
    ----------
    ecg_fs_hz : float or None
        Rate of its ECG; None without one.
    clock : str
        Name of the browser's clock, another one for each offer.
    """

    def __init__(self, *, clock: str, ecg_fs_hz: float | None, now: Callable[[], float]) -> None:
        self.clock, self.ecg_fs_hz, self._now = clock, ecg_fs_hz, now
        self._heard_s = now()
        self._is_stopped = threading.Event()
        self._queues: dict[Kind, queue.Queue[_Sent]] = {
            kind: queue.Queue(maxsize=_MAX_WAITING) for kind in _KINDS.values()
        }

    @property
    def is_live(self) -> bool:
        """Whether it goes on and was heard of lately."""
        return not self._is_stopped.is_set() and self._now() - self._heard_s <= _SILENT_S

    @property
    def is_stopped(self) -> bool:
        """Whether its end was said."""
        return self._is_stopped.is_set()

    def put(self, message: bytes) -> None:
        """Take a binary message of the page; never waits.

        Raises
        ------
        CorruptDataError
            For a message that is not as `docs/service.md` says.
        """
        if len(message) <= _HEAD.size:
            raise CorruptDataError(f"a message of {len(message)} bytes: expected kind, capture time and content")
        number, captured_s = _HEAD.unpack_from(message)
        kind, payload = _KINDS.get(number), message[_HEAD.size :]
        if kind is None or not math.isfinite(captured_s):
            raise CorruptDataError(f"a message of kind {number} at {captured_s} s: expected kind 1 or 2, and a time")
        if kind == "video":
            check_jpeg(payload)
        else:
            self._check_ecg(payload)
        now_s = self._now()
        self._heard_s = now_s
        waiting = self._queues[kind]
        if waiting.full():
            with suppress(queue.Empty):
                waiting.get_nowait()
        with suppress(queue.Full):
            waiting.put_nowait(_Sent(captured_s=captured_s, payload=payload, arrived_s=now_s))

    def take(self, kind: Kind, timeout_s: float) -> _Sent | None:
        """Wait for a message; None when none comes in time."""
        try:
            return self._queues[kind].get(timeout=timeout_s)
        except queue.Empty:
            return None

    def stop(self) -> None:
        """End it."""
        self._is_stopped.set()

    def _check_ecg(self, payload: bytes) -> None:
        if self.ecg_fs_hz is None:
            raise CorruptDataError("an ECG was sent, but none offered: say its rate as ecg_fs_hz")
        if len(payload) % 4 or len(payload) // 4 > _MAX_ECG_S * self.ecg_fs_hz:
            raise CorruptDataError(
                f"{len(payload)} bytes of ECG: expected float32 values, at most {_MAX_ECG_S:g} s of them"
            )


class BrowserLink:
    """Where a patient's sources and the browser meet.

    Parameters
    ----------
    patient : str
    takes_ecg : bool
        Whether the patient's ECG comes from the browser too.
    now : callable
        The monitor's clock.
    """

    def __init__(self, patient: str, *, takes_ecg: bool = False, now: Callable[[], float] = time.monotonic) -> None:
        self.patient, self.takes_ecg, self._now = patient, takes_ecg, now
        self._offer: Offer | None = None
        self._lock, self._numbers = threading.Lock(), itertools.count(1)

    @property
    def sources(self) -> tuple[BrowserSource, ...]:
        """Sources of the patient."""
        kinds: tuple[Kind, ...] = ("video", "ecg") if self.takes_ecg else ("video",)
        return tuple(BrowserSource(self, kind, now=self._now) for kind in kinds)

    @property
    def offer(self) -> Offer | None:
        """The browser that is the camera now."""
        with self._lock:
            return None if self._offer is None or self._offer.is_stopped else self._offer

    def accept(self, *, ecg_fs_hz: float | None) -> Offer:
        """Make a browser the camera of the patient.

        Raises
        ------
        SettingsError
            While another one is, for a rate outside of what an ECG has, and for an ECG that is not taken.
        """
        if ecg_fs_hz is not None and not self.takes_ecg:
            raise SettingsError(f"the ECG of {self.patient} is not taken from a browser: offer the camera alone")
        if ecg_fs_hz is not None and not _MIN_FS_HZ <= ecg_fs_hz <= _MAX_FS_HZ:
            raise SettingsError(f"ecg_fs_hz is {ecg_fs_hz:g}: expected {_MIN_FS_HZ:g} to {_MAX_FS_HZ:g} Hz")
        with self._lock:
            if self._offer is not None and self._offer.is_live:
                raise SettingsError(f"another browser is the camera of {self.patient}: stop it there first")
            if self._offer is not None:
                self._offer.stop()
            self._offer = Offer(clock=f"browser {next(self._numbers)}", ecg_fs_hz=ecg_fs_hz, now=self._now)
            return self._offer


class BrowserSource:
    """Camera or ECG of a browser, as a source.

    Parameters
    ----------
    link : BrowserLink
    kind : {"video", "ecg"}
    now : callable
        The monitor's clock.
    """

    def __init__(self, link: BrowserLink, kind: Kind, *, now: Callable[[], float]) -> None:
        self.kind, self._link, self._now = kind, link, now
        self._offer: Offer | None = None

    def open(self) -> SourceInfo:
        """Take the browser that offers itself."""
        offer = self._link.offer
        if offer is None:
            raise SourceLostError("no browser is the camera: open the page there and press its button")
        if self.kind == "ecg" and offer.ecg_fs_hz is None:
            raise SourceLostError("the browser gives no ECG: offer one with its rate")
        self._offer = offer
        rate_hz = _USUAL_FPS if self.kind == "video" else (offer.ecg_fs_hz or 0.0)
        name = "camera of a browser" if self.kind == "video" else "ECG of a browser"
        unit = "mV" if self.kind == "ecg" else None
        return SourceInfo(name=name, kind=self.kind, clock=offer.clock, rate_hz=rate_hz, unit=unit)

    def read(self, timeout_s: float) -> Block | None:
        """Give the next picture or stretch of ECG."""
        if self._offer is None:
            raise SourceLostError("the browser is not connected: open the source first")
        sent = self._offer.take(self.kind, timeout_s)
        if sent is None:
            if self._offer.is_stopped:
                raise SourceLostError("the browser has stopped: open the page there and press its button")
            return None
        return _decode_picture(sent) if self.kind == "video" else _read_ecg(sent, self._offer.ecg_fs_hz or 0.0)

    def close(self) -> None:
        """Let the browser go."""
        self._offer = None


def _decode_picture(sent: _Sent) -> VideoBlock | None:
    """Decode a JPEG; a damaged one is left out."""
    picture = cv2.imdecode(np.frombuffer(sent.payload, dtype=np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return None
    rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    return VideoBlock(frame=RgbFrame(rgb, sent.captured_s), arrived_s=sent.arrived_s)


def _read_ecg(sent: _Sent, fs_hz: float) -> EcgBlock:
    samples = np.frombuffer(sent.payload, dtype="<f4").astype(np.float64)
    samples[~np.isfinite(samples)] = np.nan
    stamps_s = sent.captured_s + np.arange(len(samples)) / fs_hz
    return EcgBlock(samples=samples, stamps_s=stamps_s, arrived_s=sent.arrived_s)
