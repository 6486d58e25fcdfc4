"""Keeping a source connected, without threads and without waiting.

Input: a `Source` and a clock. Output: what it gives, step by step: its blocks, and events where it was lost, came back
or ended. Whatever a source raises, it is lost and tried again: a fault of one device must not stop the monitor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

import numpy as np

from ecg_facial.errors import EcgFacialError, MissingDependencyError, SettingsError, SourceEndedError
from ecg_facial.live.sources.contract import (
    RECORDING,
    Block,
    EcgBlock,
    Kind,
    Source,
    SourceEvent,
    SourceInfo,
    VideoBlock,
)

Item: TypeAlias = Block | SourceEvent

# a device is tried again after the first, then after twice as long each time up to the second
_FIRST_WAIT_S, _MAX_WAIT_S = 0.2, 2.0
# a device that gave data for so long is tried again at once when it is lost
_STABLE_S = 2.0
# drivers do not always say that a device is gone
_SILENT_S, _SILENT_BLOCKS = 5.0, 50


class Reconnector:
    """One source, opened again whenever it is lost; used by one thread.

    Parameters
    ----------
    source : Source
    kind : {"video", "ecg"}
        What it gives.
    now : callable
        The monitor's clock.

    Attributes
    ----------
    info : SourceInfo or None
        Of the newest connection that gave a block, or of the first one; None before it.
    failure : EcgFacialError or None
        Why the source can never work.
    problem : str
        Why it is not connected now; empty while it is.
    is_ended : bool
        Nothing more will come.
    """

    def __init__(self, source: Source, *, kind: Kind, now: Callable[[], float]) -> None:
        self.info: SourceInfo | None = None
        self.failure: EcgFacialError | None = None
        self.problem, self.is_ended = "", False
        self._source, self._kind, self._now = source, kind, now
        self._is_open = self._is_lost = False
        self._next_s, self._wait_s = -math.inf, _FIRST_WAIT_S
        self._opened_s, self._heard_s = now(), now()
        # of this connection, until its first block
        self._new: SourceInfo | None = None

    @property
    def wait_s(self) -> float:
        """Seconds until the next step is due."""
        return 0.0 if self._is_open else max(0.0, self._next_s - self._now())

    def step(self, timeout_s: float) -> list[Item]:
        """Open the source, or read one block, if that is due.

        Parameters
        ----------
        timeout_s : float
            How long to wait for a block.

        Returns
        -------
        list of Block, SourceEvent or SourceInfo
        """
        if self.is_ended or self.wait_s > 0:
            return []
        return self._read(timeout_s) if self._is_open else self._open()

    def close(self) -> None:
        """Let the device go."""
        self._is_open = False
        with suppress(Exception):
            self._source.close()

    def _open(self) -> list[Item]:
        try:
            found = self._source.open()
            _check_info(found, self._kind)
        except (SettingsError, MissingDependencyError) as error:
            # what once worked may work again
            return self._fail(error) if self.info is None else self._lose(error)
        except Exception as error:
            return self._lose(error)
        self._is_open, self.problem, self._new = True, "", found
        self._opened_s = self._now()
        if self.info is None:
            self.info = found
        return []

    def _read(self, timeout_s: float) -> list[Item]:
        assert self.info is not None
        info = self._new or self.info
        try:
            block = self._source.read(timeout_s)
        except SourceEndedError as error:
            return self._end(str(error))
        except (SettingsError, MissingDependencyError) as error:
            return self._fail(error)
        except Exception as error:
            return self._lose(error)
        now_s = self._now()
        if block is None:
            silent_s = now_s - max(self._heard_s, self._opened_s)
            is_silent = silent_s > max(_SILENT_S, _SILENT_BLOCKS / info.rate_hz) and info.clock != RECORDING
            return self._lose(f"no data for {silent_s:.0f} s") if is_silent else []
        fault = _find_fault(block, info)
        if fault:
            return self._lose(fault)
        items = self._greet(info, now_s)
        self._heard_s = now_s
        if now_s - self._opened_s >= _STABLE_S:
            self._wait_s = _FIRST_WAIT_S
        return [*items, block]

    def _greet(self, info: SourceInfo, now_s: float) -> list[Item]:
        """Tell that the source is back, before the first block of a connection."""
        if self._new is None:
            return []
        was_lost = self._is_lost
        self.info, self._new, self._is_lost = info, None, False
        if not was_lost:
            return []
        # from the last block to this one
        gap_s = now_s - self._heard_s
        return [self._event("back", f"{info.name} is back after {gap_s:.3g} s", duration_s=gap_s)]

    def _lose(self, reason: Exception | str) -> list[Item]:
        """Take note that the source is gone; say so once."""
        self.close()
        self.problem = _describe(reason)
        if self.info is not None and self.info.clock == RECORDING:
            # a recording would begin anew
            return self._end(self.problem)
        self._new = None
        self._next_s, self._wait_s = self._now() + self._wait_s, min(2 * self._wait_s, _MAX_WAIT_S)
        if self._is_lost:
            return []
        self._is_lost = True
        return [self._event("lost", self.problem)]

    def _fail(self, error: EcgFacialError) -> list[Item]:
        self.close()
        self.failure, self.problem, self.is_ended = error, str(error), True
        return []

    def _end(self, reason: str) -> list[Item]:
        self.close()
        self.problem, self.is_ended = reason, True
        return [self._event("ended", reason)]

    def _event(self, kind: str, message: str, *, duration_s: float | None = None) -> SourceEvent:
        return SourceEvent(source=self._kind, kind=kind, message=message, arrived_s=self._now(), duration_s=duration_s)


def _describe(reason: Exception | str) -> str:
    """Give one line; errors of others name their type."""
    text = str(reason) if isinstance(reason, str | EcgFacialError) else f"{type(reason).__name__}: {reason}"
    return " ".join(text.split())


def _check_info(info: SourceInfo, kind: Kind) -> None:
    """Refuse what no signal can be made of."""
    if not isinstance(info, SourceInfo):
        raise SettingsError(f"a source opens as {info!r}: expected a SourceInfo")
    if info.kind != kind:
        raise SettingsError(f"{info.name} is a source of {info.kind}: expected {kind}")
    if not (math.isfinite(info.rate_hz) and info.rate_hz > 0):
        raise SettingsError(f"{info.name} states {info.rate_hz} Hz: expected a positive rate")


def _find_fault(block: Block, info: SourceInfo) -> str:
    """Say what is wrong with a block that would stop whoever takes it; empty where nothing is."""
    expected = VideoBlock if info.kind == "video" else EcgBlock
    if not isinstance(block, expected):
        return f"{info.name} gave a {type(block).__name__}: expected {expected.__name__}"
    stamps_s = block.stamps_s if isinstance(block, EcgBlock) else np.array([block.frame.time_s])
    if isinstance(block, EcgBlock) and (block.samples.ndim != 1 or block.samples.shape != stamps_s.shape):
        shapes = f"samples {block.samples.shape} with stamps {stamps_s.shape}"
        return f"{info.name} gave {shapes}: expected (n_times,) for both"
    if not (np.isfinite(stamps_s).all() and math.isfinite(block.arrived_s)):
        return f"{info.name} gave a time that is no number: expected seconds"
    return ""
