"""Storage formats of WFDB signal files.

Input: bytes. Output: ADC counts, and the count that marks a missing sample. One function per format; the numbers are
those of signal(5) in the WFDB Applications Guide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ecg_facial.runtime.typing import Int32Array, UInt8Array


@dataclass(frozen=True, kw_only=True)
class SampleFormat:
    """How samples are packed.

    Attributes
    ----------
    n_bytes, n_samples : int
        Size of the smallest group that holds whole samples, and their number.
    missing : int
        Count that marks a missing sample.
    decode : callable
        Bytes of whole groups to counts.
    """

    n_bytes: int
    n_samples: int
    missing: int
    decode: Callable[[UInt8Array], Int32Array]

    def count_bytes(self, n_samples: int) -> int:
        """Return the number of bytes of `n_samples`; the last group may end after its last sample."""
        whole, rest = divmod(n_samples, self.n_samples)
        return whole * self.n_bytes + -(-rest * self.n_bytes // self.n_samples)

    def count_samples(self, n_bytes: int) -> int:
        """Return the number of whole samples in `n_bytes`."""
        return n_bytes * self.n_samples // self.n_bytes


def _sign(values: Int32Array, n_bits: int) -> Int32Array:
    """Convert unsigned values to two's complement of `n_bits`."""
    return np.where(values >= 1 << (n_bits - 1), values - (1 << n_bits), values).astype(np.int32)


def _decode_8(data: UInt8Array) -> Int32Array:
    """Differences between samples; `DIFFERENCES` names the formats whose counts are their sums."""
    return data.view(np.int8).astype(np.int32)


def _decode_80(data: UInt8Array) -> Int32Array:
    return data.astype(np.int32) - 128


def _decode_16(data: UInt8Array) -> Int32Array:
    return data.view("<i2").astype(np.int32)


def _decode_61(data: UInt8Array) -> Int32Array:
    return data.view(">i2").astype(np.int32)


def _decode_160(data: UInt8Array) -> Int32Array:
    return data.view("<u2").astype(np.int32) - 32768


def _decode_24(data: UInt8Array) -> Int32Array:
    low, middle, high = (data[place::3].astype(np.int32) for place in range(3))
    return _sign(low | middle << 8 | high << 16, 24)


def _decode_32(data: UInt8Array) -> Int32Array:
    return data.view("<i4").astype(np.int32)


def _decode_212(data: UInt8Array) -> Int32Array:
    """Two 12-bit samples in 3 bytes; the middle byte holds the high bits of both."""
    first, shared, second = (data[place::3].astype(np.int32) for place in range(3))
    pairs = np.stack([first | (shared & 0x0F) << 8, second | (shared & 0xF0) << 4], axis=1)
    return _sign(pairs.ravel(), 12)


def _decode_310(data: UInt8Array) -> Int32Array:
    """Three 10-bit samples in two 16-bit words; the third is split over both."""
    words = data.view("<u2").astype(np.int32)
    one, two = words[0::2], words[1::2]
    third = one >> 11 & 0x1F | (two >> 11 & 0x1F) << 5
    return _sign(np.stack([one >> 1 & 0x3FF, two >> 1 & 0x3FF, third], axis=1).ravel(), 10)


def _decode_311(data: UInt8Array) -> Int32Array:
    """Three 10-bit samples in one 32-bit word."""
    words = data.view("<u4").astype(np.int64)
    triples = np.stack([words & 0x3FF, words >> 10 & 0x3FF, words >> 20 & 0x3FF], axis=1)
    return _sign(triples.ravel().astype(np.int32), 10)


DIFFERENCES = frozenset({8})
# no count of format 8 says that a sample is missing
_NO_COUNT = -(1 << 31)

FORMATS: dict[int, SampleFormat] = {
    8: SampleFormat(n_bytes=1, n_samples=1, missing=_NO_COUNT, decode=_decode_8),
    16: SampleFormat(n_bytes=2, n_samples=1, missing=-(1 << 15), decode=_decode_16),
    24: SampleFormat(n_bytes=3, n_samples=1, missing=-(1 << 23), decode=_decode_24),
    32: SampleFormat(n_bytes=4, n_samples=1, missing=-(1 << 31), decode=_decode_32),
    61: SampleFormat(n_bytes=2, n_samples=1, missing=-(1 << 15), decode=_decode_61),
    80: SampleFormat(n_bytes=1, n_samples=1, missing=-(1 << 7), decode=_decode_80),
    160: SampleFormat(n_bytes=2, n_samples=1, missing=-(1 << 15), decode=_decode_160),
    212: SampleFormat(n_bytes=3, n_samples=2, missing=-(1 << 11), decode=_decode_212),
    310: SampleFormat(n_bytes=4, n_samples=3, missing=-(1 << 9), decode=_decode_310),
    311: SampleFormat(n_bytes=4, n_samples=3, missing=-(1 << 9), decode=_decode_311),
}
