"""Beats of a signal that comes in pieces.

Enters: samples in pieces of any size. Leaves: beats as soon as enough has come after them. Work is done on a fixed grid
of steps, so that the size of the pieces changes nothing: a whole record is one piece that is ended at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecg_facial.ecg.beats.core import load_core
from ecg_facial.ecg.beats.gaps import GapFiller
from ecg_facial.ecg.beats.places import anchor_matched, drop_repeats, to_confidence, to_seconds
from ecg_facial.ecg.beats.scales import SHORTEST_S, Scales, put_together
from ecg_facial.errors import SettingsError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Found = tuple[FloatArray, FloatArray]

# A long piece is worked through in blocks, so that memory stays bounded.
_BLOCK_S = 60.0
# A gap up to this long is bridged by a line; the level after a longer one is joined to the level before.
_SHORT_GAP_S = 0.1


class BeatStream:
    """State of the detector between pieces."""

    def __init__(self, scales: Scales) -> None:
        self.scales = scales
        self._find_beats = load_core()
        self._per = scales.first * scales.second
        self._filler = GapFiller(max(1, round(_SHORT_GAP_S * scales.fs_hz)))
        self._pending: list[tuple[FloatArray, BoolArray | None]] = []
        self._n_pending = 0
        self._base = 0
        self._fine = np.zeros(0)
        self._coarse = np.zeros(0)
        self._energy = np.zeros(0)
        self._gaps: BoolArray | None = None
        self._next = 0
        self._is_ended = False
        self._last_place = -np.inf
        self._known: dict[int, float] = {}

    def push(self, samples: FloatArray) -> Found:
        """Take the next samples and give what they decide: times in seconds, and confidences."""
        if self._is_ended:
            raise SettingsError("the ECG was ended by flush, so no samples can follow: begin a new stream")
        found = []
        block = max(1, round(_BLOCK_S * self.scales.fs_hz))
        for first in range(0, len(samples), block):
            found.append(self._take(*self._filler.fill(samples[first : first + block])))
        return join(found)

    def flush(self) -> Found:
        """End the signal and give what was not decided yet."""
        if self._is_ended:
            return _NOTHING
        found = self._take(*self._filler.flush())
        return join([found, self._end()])

    def _take(self, samples: FloatArray, gaps: BoolArray | None) -> Found:
        if len(samples):
            self._pending.append((samples, gaps))
            self._n_pending += len(samples)
        if self._n_wanted() > self._n_pending:
            return _NOTHING
        self._absorb()
        self._extend_energy(is_end=False)
        return self._step_on()

    def _n_wanted(self) -> int:
        """Count the samples that the next step waits for."""
        scales = self.scales
        end = self._zone_end() + scales.ahead + scales.slope_reach + scales.envelope_reach
        return (end - self._base - len(self._coarse)) * self._per

    def _zone_end(self) -> int:
        return self._next + self.scales.step + (self.scales.back if self._next == 0 else 0)

    def _absorb(self) -> None:
        """Put what has come together to fine and coarse samples; what does not fill a coarse one waits."""
        samples = (
            self._pending[0][0] if len(self._pending) == 1 else np.concatenate([part for part, _ in self._pending])
        )
        n = len(samples) - len(samples) % self._per
        rest = samples[n:]
        fine = put_together(samples[:n], self.scales.first)
        coarse = put_together(fine, self.scales.second)
        flags = None
        if any(gaps is not None for _, gaps in self._pending):
            flags = np.concatenate([_flags(part, gaps) for part, gaps in self._pending])
        if flags is not None or self._gaps is not None:
            now = np.zeros(len(coarse), np.bool_) if flags is None else flags[:n].reshape(-1, self._per).any(axis=1)
            before = np.zeros(len(self._coarse), np.bool_) if self._gaps is None else self._gaps
            self._gaps = np.concatenate([before, now])
        self._fine = fine if not len(self._fine) else np.concatenate([self._fine, fine])
        self._coarse = coarse if not len(self._coarse) else np.concatenate([self._coarse, coarse])
        self._pending = [(rest, None if flags is None else flags[n:])] if len(rest) else []
        self._n_pending = len(rest)

    def _extend_energy(self, *, is_end: bool) -> None:
        """Compute the energy as far as the samples reach, mirrored at both ends of the signal."""
        slope_reach, reach = self.scales.slope_reach, self.scales.envelope_reach
        coarse, known = self._coarse, len(self._energy)
        start = known - reach - slope_reach
        is_start = self._base == 0 and start < 0
        parts = [coarse[max(start, 0) :]]
        if is_start:
            parts.insert(0, coarse[slope_reach:0:-1])
        if is_end:
            parts.append(coarse[-2 : -2 - slope_reach : -1])
        joined = np.concatenate(parts) if len(parts) > 1 else parts[0]
        if len(joined) < len(self.scales.slope):
            return
        squares = np.convolve(joined, self.scales.slope, mode="valid")
        squares *= squares
        if is_start or is_end:
            outside = np.zeros(reach)
            squares = np.concatenate([outside] * is_start + [squares] + [outside] * is_end)
        if len(squares) < len(self.scales.envelope):
            return
        fresh = np.sqrt(np.convolve(squares, self.scales.envelope, mode="valid"))
        self._energy = fresh if not known else np.concatenate([self._energy, fresh])

    def _step_on(self) -> Found:
        found = []
        while len(self._energy) + self._base >= self._zone_end() + self.scales.ahead:
            end = self._zone_end()
            found.append(self._find(end, end + self.scales.ahead))
        self._forget()
        return join(found)

    def _end(self) -> Found:
        self._is_ended = True
        if self._pending:
            self._absorb()
        n = self._base + len(self._coarse)
        if n * self._per < SHORTEST_S * self.scales.fs_hz or n <= self._next:
            return _NOTHING
        self._extend_energy(is_end=True)
        return self._find(n, n)

    def _find(self, zone_end: int, end: int) -> Found:
        """Look at a stretch up to `end`, and give out the beats from the last zone to `zone_end`."""
        first = max(self._next - self.scales.back, 0)
        part = slice(first - self._base, end - self._base)
        fine = slice((first - self._base) * self.scales.second, (end - self._base) * self.scales.second)
        gaps = None if self._gaps is None else self._gaps[part]
        index, tips, matched, strength = self._find_beats(
            self._energy[part], gaps, self._coarse[part], self._fine[fine], self.scales.tip, self.scales.lengths
        )
        index = index + first
        offset = float(first * self.scales.second)
        places = self._anchor(index, tips + offset, matched + offset)
        in_zone = (index >= self._next) & (index < zone_end)
        self._next = zone_end
        return self._give_out(places[in_zone], strength[in_zone])

    def _anchor(self, index: NDArray[np.intp], tips: FloatArray, matched: FloatArray) -> FloatArray:
        """Tell where matched beats are, which are only known against each other: as before, and by their tips."""
        places, known = anchor_matched(index, tips, matched, self._known)
        self._known = known
        return places

    def _give_out(self, places: FloatArray, strength: FloatArray) -> Found:
        kept, self._last_place = drop_repeats(places, self.scales, self._last_place)
        return to_seconds(places[kept], self.scales), to_confidence(strength[kept])

    def _forget(self) -> None:
        drop = self._next - self.scales.back - self._base
        if drop <= 0:
            return
        self._base += drop
        self._fine = self._fine[drop * self.scales.second :].copy()
        self._coarse, self._energy = self._coarse[drop:].copy(), self._energy[drop:].copy()
        if self._gaps is not None:
            self._gaps = self._gaps[drop:].copy()
            if not self._gaps.any():
                self._gaps = None


_NOTHING: Found = (np.zeros(0), np.zeros(0))


def join(found: list[Found]) -> Found:
    """Put what was found in turn together."""
    some = [part for part in found if len(part[0])]
    if not some:
        return _NOTHING
    if len(some) == 1:
        return some[0]
    return np.concatenate([part[0] for part in some]), np.concatenate([part[1] for part in some])


def _flags(samples: FloatArray, gaps: BoolArray | None) -> BoolArray:
    return np.zeros(len(samples), np.bool_) if gaps is None else gaps
