"""WFDB's compressed storage formats 508, 516 and 524: a FLAC stream with one channel per signal.

Input: the path of a signal file. Output: its number of samples, and the counts of one channel, decoded by FFmpeg.

References
----------
.. [1] RFC 9639, Free Lossless Audio Codec: the block STREAMINFO.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.contract import read_head
from ecg_facial.errors import CorruptDataError
from ecg_facial.runtime.typing import Int32Array

FLAC_BITS = {508: 8, 516: 16, 524: 24}
_MARK, _HEAD_BYTES = b"fLaC", 42
# FFmpeg shifts samples up to the width of its own types
_SHIFT = {8: 8, 16: 0, 24: 8}


@dataclass(frozen=True, kw_only=True)
class FlacInfo:
    """Channels, bits per sample, and samples per channel as the head of the stream states them (0 if it does not)."""

    n_channels: int
    n_bits: int
    n_times: int


def read_flac_info(path: Path) -> FlacInfo:
    """Read the head of a FLAC stream.

    Raises
    ------
    CorruptDataError
        When the file is none.
    """
    head = read_head(path, _HEAD_BYTES)
    if len(head) < _HEAD_BYTES or not head.startswith(_MARK):
        raise CorruptDataError(f"{path}: no FLAC stream, as its header says; copy it again")
    # 20 bits of rate, 3 of channels, 5 of bits per sample, 36 of samples
    packed = int.from_bytes(head[18:26], "big")
    return FlacInfo(n_channels=(packed >> 41 & 7) + 1, n_bits=(packed >> 36 & 31) + 1, n_times=packed & (1 << 36) - 1)


def read_flac(path: Path, channel: int, n_times: int, *, n_bits: int) -> Int32Array:
    """Decode one channel.

    Parameters
    ----------
    path : Path
    channel : int
    n_times : int
        Number of samples wanted.
    n_bits : int
        Bits per sample of the storage format.

    Returns
    -------
    ndarray of int32
        Fewer samples than wanted where the stream ends, or is damaged.

    Raises
    ------
    CorruptDataError
        When no sample can be decoded.
    """
    import av

    counts = np.empty(n_times, dtype=np.int32)
    done = 0
    try:
        with av.open(str(path), format="flac") as container:
            for frame in container.decode(audio=0):
                block = np.asarray(frame.to_ndarray(), dtype=np.int32)
                own = (
                    block[channel]
                    if frame.format.is_planar
                    else block.reshape(-1, frame.layout.nb_channels)[:, channel]
                )
                own = own[: n_times - done]
                counts[done : done + len(own)] = own >> _SHIFT[n_bits]
                done += len(own)
                if done == n_times:
                    break
    except (av.FFmpegError, OSError, ValueError, IndexError) as error:
        if not done:
            name = error.__class__.__name__
            raise CorruptDataError(f"{path}: no sample can be decoded ({name}); copy it again") from None
    return counts[:done]
