"""An ECG over the Lab Streaming Layer (LSL), through pylsl.

Input: the name, type or source ID of a stream on the network, and which of its channels. Output: its samples. Stamps of
a stream on this machine are put on this machine's clock by LSL's own correction. Those of another machine stay on its
clock, as they were sent: `live.clock` aligns them and sees when they step.

Which networks are searched is set in LSL's own file (``lsl_api.cfg``, or the one that ``LSLAPICFG`` names).
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ecg_facial.ecg.formats.ecg_names import looks_like_ecg
from ecg_facial.ecg.formats.units import MILLIVOLT, find_factor
from ecg_facial.errors import SettingsError, SourceLostError
from ecg_facial.live.sources.contract import MACHINE, EcgBlock, Kind, SourceInfo
from ecg_facial.runtime.extras import missing_extras_named
from ecg_facial.runtime.typing import Float64Array

_RESOLVE_S, _OPEN_S, _MAX_SAMPLES, _BUFFER_S = 2.0, 3.0, 4096, 10
# stamps of this machine that are further from now are of another clock
_SAME_CLOCK_S = 5.0
# the correction is measured again so often: computers' clocks drift by microseconds in that time
_CORRECT_EVERY_S = 5.0
_N_READINGS = 5
_KEYS = ("name", "type", "source_id")


class LslSource:
    """An LSL stream as a source.

    Parameters
    ----------
    name, type, source_id : str, optional
        Of the stream; those that are given must all agree. Without any, a stream of type ``ECG``.
    channel : str, optional
        Label of the channel, or its number from 1. Without it, the one that is named like an ECG, or the only one.
    now : callable
        The monitor's clock.
    """

    kind: Kind = "ecg"

    def __init__(
        self,
        *,
        name: str = "",
        type: str = "",  # as LSL calls it
        source_id: str = "",
        channel: str = "",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        wanted = {"name": name, "type": type, "source_id": source_id}
        self._wanted = {key: value for key, value in wanted.items() if value} or {"type": "ECG"}
        if any(character in value for value in self._wanted.values() for character in "'\"\n"):
            raise SettingsError(f"LSL stream {self._wanted}: expected names without quotation marks")
        self._channel, self._now = channel, now
        self._inlet: Any = None
        self._place, self._factor, self._correction_s = 0, 1.0, 0.0
        self._corrects, self._corrected_s = False, -math.inf
        self._first: tuple[Float64Array, Float64Array] | None = None

    def open(self) -> SourceInfo:
        """Find the stream, and connect to it."""
        self.close()
        lsl = _import_pylsl()
        said = ", ".join(f"{key} {value!r}" for key, value in self._wanted.items())
        found = lsl.resolve_bypred(
            " and ".join(f"{key}='{value}'" for key, value in self._wanted.items()), 1, _RESOLVE_S
        )
        if not found:
            raise SourceLostError(f"no LSL stream of {said}; start the amplifier's program, or check the network")
        # without recovery: a stream that is lost is said to be lost, and opened again by the monitor
        inlet = lsl.StreamInlet(found[0], max_buflen=_BUFFER_S, recover=False)
        try:
            inlet.open_stream(_OPEN_S)
            about = inlet.info(_OPEN_S)
            self._inlet = inlet
            return self._describe(lsl, about)
        except (lsl.util.TimeoutError, lsl.util.LostError) as error:
            self.close()
            raise SourceLostError(f"LSL stream of {said} does not answer ({error}); start its program again") from error

    def read(self, timeout_s: float) -> EcgBlock | None:
        """Give the samples that came since the last call; wait for the first."""
        if self._inlet is None:
            raise SourceLostError("the LSL stream is not open")
        if self._first is not None:
            (values, stamps_s), self._first = self._first, None
        else:
            values, stamps_s = self._pull(timeout_s)
        if not len(stamps_s):
            return None
        if self._corrects:
            self._measure_correction()
        return EcgBlock(samples=values * self._factor, stamps_s=stamps_s + self._correction_s, arrived_s=self._now())

    def close(self) -> None:
        """Leave the stream."""
        self._inlet, self._first, self._correction_s = None, None, 0.0

    def _describe(self, lsl: ModuleType, about: Any) -> SourceInfo:
        """Choose the channel, and find out whose clock stamps the stream."""
        rate_hz = float(about.nominal_srate())
        if not rate_hz > 0:
            raise SettingsError(f"LSL stream {about.name()} states no rate; an ECG needs a regular one")
        if about.channel_format() == lsl.cf_string:
            raise SettingsError(f"LSL stream {about.name()} is text; choose the stream of the ECG")
        labels = about.get_channel_labels() or []
        self._place = choose_place(labels, int(about.channel_count()), self._channel, stream=about.name())
        units = about.get_channel_units() or []
        factor = find_factor(units[self._place] if self._place < len(units) else None)
        self._factor = 1.0 if factor is None else factor
        self._first = self._pull(_RESOLVE_S)
        self._corrected_s = -math.inf
        self._corrects = about.hostname() == socket.gethostname() and self._stamps_are_local(lsl)
        return SourceInfo(
            name=f"LSL stream {about.name()}",
            kind="ecg",
            clock=MACHINE if self._corrects else f"LSL {about.hostname()} {about.name()}",
            rate_hz=rate_hz,
            unit=None if factor is None else MILLIVOLT,
        )

    def _stamps_are_local(self, lsl: ModuleType) -> bool:
        """Whether the first stamps are of now: a program may send its device's own ones."""
        if self._first is None or not len(self._first[1]):
            return True
        return abs(float(lsl.local_clock()) - float(self._first[1][-1])) < _SAME_CLOCK_S

    def _pull(self, timeout_s: float) -> tuple[Float64Array, Float64Array]:
        lsl = _import_pylsl()
        try:
            values, stamps_s = self._inlet.pull_chunk(
                timeout=timeout_s, max_samples=_MAX_SAMPLES, min_samples=1, as_numpy=True
            )
        except lsl.util.LostError as error:
            self.close()
            raise SourceLostError(f"the LSL stream ended ({error})") from error
        stamps = np.asarray(stamps_s, dtype=np.float64)
        if not len(stamps):
            return np.zeros(0), np.zeros(0)
        return np.asarray(values, dtype=np.float64).reshape(len(stamps), -1)[:, self._place], stamps

    def _measure_correction(self) -> None:
        """Measure what puts stamps on the monitor's clock: to this process by LSL, and from LSL's own clock."""
        now_s = self._now()
        if now_s - self._corrected_s < _CORRECT_EVERY_S:
            return
        self._corrected_s = now_s
        lsl = _import_pylsl()
        try:
            to_local_s = float(self._inlet.time_correction(_OPEN_S))
        except (lsl.util.TimeoutError, lsl.util.LostError):
            # the sender is this machine: without an answer its clock is ours, and asking again would hold up samples
            self._corrected_s, to_local_s = math.inf, 0.0
        self._correction_s = to_local_s + self._compare_clocks(lsl)

    def _compare_clocks(self, lsl: ModuleType) -> float:
        """Measure the monitor's clock less LSL's, by the quickest of some readings; they differ on Windows."""
        readings = []
        for _ in range(_N_READINGS):
            before_s, local_s, after_s = self._now(), float(lsl.local_clock()), self._now()
            readings.append((after_s - before_s, (before_s + after_s) / 2 - local_s))
        return min(readings)[1]


def choose_place(labels: Sequence[str | None], number: int, wanted: str, *, stream: str) -> int:
    """Choose a channel of a stream.

    Parameters
    ----------
    labels : sequence of str
        As the stream gives them; may be empty.
    number : int
        Number of channels.
    wanted : str
        Label, or number from 1; empty for the ECG.
    stream : str
        For the message.

    Raises
    ------
    SettingsError
        When there is no such channel, or none that is surely the ECG.

    Examples
    --------
    >>> choose_place(["RESP", "ECG II"], 2, "", stream="amplifier")
    1
    """
    names = [str(label or "") for label in labels]
    if wanted.isdigit() and 1 <= int(wanted) <= number:
        return int(wanted) - 1
    if wanted:
        found = [place for place, name in enumerate(names[:number]) if name.lower() == wanted.lower()]
    else:
        found = [place for place, name in enumerate(names[:number]) if looks_like_ecg(name)] or list(range(number))[
            :1
        ] * (number == 1)
    if found:
        return found[0]
    listed = ", ".join(name or str(place + 1) for place, name in enumerate(names)) or f"{number} without labels"
    raise SettingsError(
        f"LSL stream {stream}: no channel {wanted or 'of an ECG'!r} among {listed}; give its label or number"
    )


def _import_pylsl() -> ModuleType:
    with missing_extras_named():
        import pylsl
        import pylsl.util
    return pylsl  # type: ignore[no-any-return]
