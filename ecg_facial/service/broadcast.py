"""What all pages see, made once and given to each of them.

Input: the ward, and which patients are looked at. Output: messages as text, four times a second while somebody looks. A
client whose connection is slow loses its oldest messages; it delays neither the others nor the monitor.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import cv2

from ecg_facial.live.signals import EcgTail, LivePicture
from ecg_facial.live.state import PatientState
from ecg_facial.live.ward import PatientSession
from ecg_facial.service.messages import make_ecg, make_states, to_json
from ecg_facial.service.problems import log_error

TICK_S = 0.25
_MAX_ECG_HZ, _MAX_SIDE_PX, _JPEG_QUALITY = 250.0, 320, 75
# two seconds of messages may wait for a client
_MAX_WAITING = 8


class Watched(Protocol):
    """What the service needs of a ward."""

    def states(self) -> tuple[PatientState, ...]:
        """Give the present state of every patient."""

    def session(self, patient: str) -> PatientSession:
        """Find a patient's session."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """A message.

    Attributes
    ----------
    text : str
    patient : str or None
        Whom it shows; None for what everybody gets.
    """

    text: str
    patient: str | None = None


class Listener:
    """A client's queue.

    Attributes
    ----------
    watched : frozenset of str or None
        Patients whose pictures and ECG are wanted; None for all.
    """

    def __init__(self) -> None:
        self.watched: frozenset[str] | None = None
        self._waiting: deque[tuple[Told, ...]] = deque(maxlen=_MAX_WAITING)
        self._is_ready = asyncio.Event()

    def put(self, messages: tuple[Told, ...]) -> None:
        """Add the messages of a tick; the oldest tick is dropped where too many wait."""
        self._waiting.append(messages)
        self._is_ready.set()

    async def take(self) -> list[str]:
        """Wait for the messages of a tick, as far as this client wants them."""
        while not self._waiting:
            self._is_ready.clear()
            await self._is_ready.wait()
        messages, watched = self._waiting.popleft(), self.watched
        return [one.text for one in messages if one.patient is None or watched is None or one.patient in watched]


class Broadcast:
    """Maker of messages for all clients; its methods belong to one event loop.

    Parameters
    ----------
    ward : Watched
    browsers : collection of str
        Patients who may be watched by a browser's camera.
    utc : callable
    """

    def __init__(self, ward: Watched, *, browsers: Collection[str] = (), utc: Callable[[], float] = time.time) -> None:
        self._ward, self._browsers, self._utc = ward, browsers, utc
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._tails: dict[str, EcgTail] = {}
        self._shown_s: dict[str, float] = {}

    @property
    def n_listeners(self) -> int:
        """Clients that listen now."""
        return len(self._listeners)

    @contextlib.contextmanager
    def join(self) -> Iterator[Listener]:
        """Add a client for as long as the block runs."""
        listener = Listener()
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _run(self) -> None:
        """Make messages as long as anybody listens."""
        clock = asyncio.get_running_loop().time
        due_s = clock()
        while self._listeners:
            wanted = [listener.watched for listener in self._listeners]
            # a worker's thread looks at signals and encodes: the loop goes on answering
            messages = await asyncio.to_thread(self._make_safely, wanted)
            for listener in self._listeners:
                listener.put(messages)
            due_s = max(due_s + TICK_S, clock())
            await asyncio.sleep(due_s - clock())

    def _make_safely(self, wanted: Collection[frozenset[str] | None]) -> tuple[Told, ...]:
        """Make what is new, or nothing: one bad tick must not end the page of everybody."""
        try:
            return self.make_messages(wanted)
        except Exception as error:  # here, as a future does not pass on every kind
            log_error(error)
            return ()

    def make_messages(self, wanted: Collection[frozenset[str] | None]) -> tuple[Told, ...]:
        """Make what is new, of those patients whom somebody watches."""
        states = self._ward.states()
        told = [Told(text=to_json(make_states(states, utc_s=self._utc(), browsers=self._browsers)))]
        for state in states:
            if any(watched is None or state.patient in watched for watched in wanted):
                told += self._show(state.patient)
        return tuple(told)

    def _show(self, patient: str) -> list[Told]:
        """Tell the new ECG and the newest picture of a patient."""
        signals = self._ward.session(patient).signals()
        contents: list[dict[str, Any]] = []
        tail = self._tails.setdefault(patient, EcgTail(max_fs_hz=_MAX_ECG_HZ))
        new = tail.update(signals.ecg)
        if new is not None:
            contents.append(make_ecg(patient, new))
        picture = signals.picture
        if picture is not None and picture.frame.time_s != self._shown_s.get(patient):
            self._shown_s[patient] = picture.frame.time_s
            contents.append(make_picture(patient, picture))
        return [Told(text=to_json(content), patient=patient) for content in contents]


def make_picture(patient: str, picture: LivePicture) -> dict[str, Any]:
    """Make the message with a picture: at most 320 pixels wide and high, the face's box in its own pixels."""
    rgb, scale = picture.frame.small_rgb(_MAX_SIDE_PX)
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    height, width = rgb.shape[:2]
    return {
        "type": "picture",
        "patient": patient,
        "time_s": round(picture.frame.time_s, 3),
        "jpeg": base64.b64encode(encoded.tobytes()).decode("ascii"),
        "width": width,
        "height": height,
        "box": None if picture.box is None else [round(scale * one, 1) for one in picture.box],
    }
