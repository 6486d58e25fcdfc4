"""An ECG through BrainFlow, which knows boards such as OpenBCI's, and a synthetic one.

Input: the number of a board and its connection. Output: samples of one channel. Boards without a clock are stamped by
BrainFlow when samples arrive on this machine, in UTC; such a clock may be set, so arrivals align it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from ecg_facial.ecg.formats.units import MILLIVOLT
from ecg_facial.errors import SettingsError, SourceLostError
from ecg_facial.live.sources.contract import EcgBlock, Kind, SourceInfo
from ecg_facial.runtime.extras import missing_extras_named

SYNTHETIC_BOARD = -1
_POLL_S, _SILENT_S = 0.02, 3.0
_MICROVOLT_MV = 1e-3


class BrainFlowSource:
    """A board as a source.

    Parameters
    ----------
    board : int
        BrainFlow's number of the board; -1 is its synthetic one.
    serial_port, address : str
        How it is connected, where it needs that.
    channel : int, optional
        Row of the board's data; its first ECG channel without it, else its first of any biosignal.
    now, sleep : callable
        The monitor's clock, and waiting on it.
    """

    kind: Kind = "ecg"

    def __init__(
        self,
        board: int = SYNTHETIC_BOARD,
        *,
        serial_port: str = "",
        address: str = "",
        channel: int | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._board, self._serial_port, self._address = board, serial_port, address
        self._channel, self._now, self._sleep = channel, now, sleep
        self._shim: Any = None
        self._row = self._stamps = 0
        self._heard_s = 0.0

    def open(self) -> SourceInfo:
        """Connect to the board, and let it send."""
        self.close()
        with missing_extras_named():
            from brainflow import board_shim
        board_shim.BoardShim.disable_board_logger()
        rows = self._find_rows(board_shim)
        parameters = board_shim.BrainFlowInputParams()
        parameters.serial_port, parameters.mac_address = self._serial_port, self._address
        shim = board_shim.BoardShim(self._board, parameters)
        try:
            shim.prepare_session()
            self._shim = shim
            shim.start_stream()
        except board_shim.BrainFlowError as error:
            self.close()
            raise SourceLostError(
                f"board {self._board} does not answer ({error}); check power and connection"
            ) from error
        self._row, self._heard_s = rows, self._now()
        self._stamps = board_shim.BoardShim.get_timestamp_channel(self._board)
        rate_hz = float(board_shim.BoardShim.get_sampling_rate(self._board))
        return SourceInfo(
            name=f"BrainFlow board {self._board}",
            kind="ecg",
            clock=f"BrainFlow {self._board}",
            rate_hz=rate_hz,
            simulated=self._board == SYNTHETIC_BOARD,
            unit=MILLIVOLT,
        )

    def read(self, timeout_s: float) -> EcgBlock | None:
        """Give the samples that came since the last call."""
        if self._shim is None:
            raise SourceLostError(f"board {self._board} is not open")
        until_s = self._now() + timeout_s
        while True:
            try:
                data = self._shim.get_board_data()
            # BrainFlow's own error, whose module may not be imported here
            except Exception as error:
                raise SourceLostError(f"board {self._board} is gone ({error})") from error
            if data.shape[1]:
                break
            if self._now() - self._heard_s > _SILENT_S:
                raise SourceLostError(
                    f"board {self._board} has sent nothing for {_SILENT_S:g} s; check power and range"
                )
            if self._now() >= until_s:
                return None
            self._sleep(_POLL_S)
        self._heard_s = self._now()
        samples = np.asarray(data[self._row], dtype=np.float64) * _MICROVOLT_MV
        return EcgBlock(
            samples=samples, stamps_s=np.array(data[self._stamps], dtype=np.float64), arrived_s=self._heard_s
        )

    def close(self) -> None:
        """Let the board go."""
        shim, self._shim = self._shim, None
        if shim is not None:
            # a board that is gone cannot be told to stop
            try:
                shim.release_session()
            except Exception:
                return

    def _find_rows(self, board_shim: ModuleType) -> int:
        """Row of the ECG in the board's data."""
        if self._channel is not None:
            return self._channel
        for name in ("get_ecg_channels", "get_exg_channels", "get_eeg_channels"):
            try:
                rows = getattr(board_shim.BoardShim, name)(self._board)
            except board_shim.BrainFlowError:
                continue
            if len(rows):
                return int(rows[0])
        raise SettingsError(f"board {self._board} has no channel for an ECG; give its row (channel)")
