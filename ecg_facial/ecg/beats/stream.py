"""Beats of a signal that comes in pieces.

Input: samples in pieces of any size. Output: beats, as soon as 2 s have come after them. Steps of 1 s lie on a fixed
grid, so the size of the pieces changes nothing; a whole record is one piece, ended at once.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.ecg.beats.core import Stretch, find_beats
from ecg_facial.ecg.beats.gaps import GapFiller
from ecg_facial.ecg.beats.pacing import SpikeRemover
from ecg_facial.ecg.beats.places import anchor_matched, drop_repeats, to_confidence, to_seconds
from ecg_facial.ecg.beats.scales import SHORTEST_S, Scales, average_neighbours
from ecg_facial.ecg.filtering import BRIDGED_GAP_S
from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import BoolArray, Float64Array

Found = tuple[Float64Array, Float64Array]
"""Times in seconds from the first sample, and confidences."""

# A long piece is processed in blocks, so that memory stays bounded.
_BLOCK_S = 60.0
# A gap up to this long is filled by a line: too short to hide a QRS complex.
_SHORT_GAP_S = 0.1


class BeatStream:
    """State of the detector between pieces.

    Samples go through five stages: gaps are filled, pacing spikes removed, samples averaged to the fine and coarse
    rates, the energy is filtered from the coarse ones, and steps of 1 s are decided. Each stage keeps only what later
    ones still need. Positions in the buffers `_fine`, `_coarse`, `_energy` and `_gaps` count from `_base`, a coarse
    sample.
    """

    def __init__(self, scales: Scales, *, may_be_paced: bool = True) -> None:
        self.scales = scales
        self._per = scales.first * scales.second
        short, bridged = (max(1, round(gap_s * scales.fs_hz)) for gap_s in (_SHORT_GAP_S, BRIDGED_GAP_S))
        self._filler = GapFiller(short, bridged=bridged)
        self._remover = SpikeRemover(scales.fs_hz if may_be_paced else 0.0)
        self._pending: list[tuple[Float64Array, BoolArray | None]] = []
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

    def find_all(self, samples: Float64Array) -> Found:
        """Take a whole signal and return its beats: what `push` and `flush` give, in one pass where it is short."""
        if self._is_ended or self._n_pending or len(samples) > round(_BLOCK_S * self.scales.fs_hz):
            return join([self.push(samples), self.flush()])
        parts = [self._filler.fill(samples), self._filler.flush()]
        filled = np.concatenate([part for part, _ in parts]) if len(parts[1][0]) else parts[0][0]
        marks = None
        if any(len(part) and gaps is not None for part, gaps in parts):
            marks = np.concatenate([_flags(part, gaps) for part, gaps in parts])
        found = self._take(*self._remover.push(filled, marks, is_end=True))
        return join([found, self._end()])

    def push(self, samples: Float64Array) -> Found:
        """Take the next samples and return the beats that they decide."""
        if self._is_ended:
            raise SettingsError("the ECG was ended by flush, so no samples can follow: begin a new stream")
        found = []
        block = max(1, round(_BLOCK_S * self.scales.fs_hz))
        for first in range(0, len(samples), block):
            filled = self._filler.fill(samples[first : first + block])
            found.append(self._take(*self._remover.push(*filled)))
        return join(found)

    def flush(self) -> Found:
        """End the signal and return the beats that were not decided yet."""
        if self._is_ended:
            return _NOTHING
        found = [self._take(*self._remover.push(*self._filler.flush())), self._take(*self._remover.flush())]
        return join([*found, self._end()])

    def _take(self, samples: Float64Array, gaps: BoolArray | None) -> Found:
        """Collect samples until the next step can be decided, then decide it."""
        if len(samples):
            self._pending.append((samples, gaps))
            self._n_pending += len(samples)
        if self._n_wanted() > self._n_pending:
            return _NOTHING
        self._absorb()
        self._extend_energy(is_end=False)
        return self._step_on()

    def _n_wanted(self) -> int:
        """Count the samples that the next step needs."""
        scales = self.scales
        end = self._zone_end() + scales.ahead + scales.slope_reach + scales.envelope_reach
        return (end - self._base - len(self._coarse)) * self._per

    def _zone_end(self) -> int:
        """End of the next step, in coarse samples; the first one also decides the beats of the 5 s before."""
        return self._next + self.scales.step + (self.scales.back if self._next == 0 else 0)

    def _absorb(self) -> None:
        """Average new samples to the fine and coarse rates; what does not fill a coarse sample waits."""
        samples = (
            self._pending[0][0] if len(self._pending) == 1 else np.concatenate([part for part, _ in self._pending])
        )
        n = len(samples) - len(samples) % self._per
        rest = samples[n:]
        fine = average_neighbours(samples[:n], self.scales.first)
        coarse = average_neighbours(fine, self.scales.second)
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
        """Compute the energy of the new samples; both ends of the signal are mirrored."""
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
        # the square makes the energy independent of polarity
        squares = np.convolve(joined, self.scales.slope, mode="valid")
        squares *= squares
        # outside of the signal there is no energy
        if is_start or is_end:
            outside = np.zeros(reach)
            squares = np.concatenate([outside] * is_start + [squares] + [outside] * is_end)
        if len(squares) < len(self.scales.envelope):
            return
        fresh = np.sqrt(np.convolve(squares, self.scales.envelope, mode="valid"))
        self._energy = fresh if not known else np.concatenate([self._energy, fresh])

    def _step_on(self) -> Found:
        """Decide all steps for which there is enough energy."""
        found = []
        # a step needs energy up to 2 s after its end
        while len(self._energy) + self._base >= self._zone_end() + self.scales.ahead:
            end = self._zone_end()
            found.append(self._find(end, end + self.scales.ahead))
        self._forget()
        return join(found)

    def _end(self) -> Found:
        """Decide what is left of the signal, without samples after it."""
        self._is_ended = True
        if self._pending:
            self._absorb()
        n = self._base + len(self._coarse)
        if n * self._per < SHORTEST_S * self.scales.fs_hz or n <= self._next:
            return _NOTHING
        self._extend_energy(is_end=True)
        return self._find(n, n)

    def _find(self, zone_end: int, end: int) -> Found:
        """Find the beats of a stretch up to `end`, and return those from the last step to `zone_end`."""
        first = max(self._next - self.scales.back, 0)
        part = slice(first - self._base, end - self._base)
        fine = slice((first - self._base) * self.scales.second, (end - self._base) * self.scales.second)
        stretch = Stretch(
            energy=self._energy[part],
            coarse=self._coarse[part],
            fine=self._fine[fine],
            gaps=None if self._gaps is None else self._gaps[part],
        )
        found = find_beats(stretch, self.scales)
        # positions within the stretch become positions in the signal
        index, offset = found.index + first, float(first * self.scales.second)
        places, self._known = anchor_matched(index, found.tips + offset, found.matched + offset, self._known)
        # beats before the step were returned by earlier steps; those after it may still change
        in_zone = (index >= self._next) & (index < zone_end)
        self._next = zone_end
        return self._give_out(places[in_zone], found.strength[in_zone])

    def _give_out(self, places: Float64Array, strength: Float64Array) -> Found:
        kept, self._last_place = drop_repeats(places, self.scales, self._last_place)
        return to_seconds(places[kept], self.scales), to_confidence(strength[kept])

    def _forget(self) -> None:
        """Drop the samples that no later step looks at."""
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
    """Join beats that were found one after another."""
    some = [part for part in found if len(part[0])]
    if not some:
        return _NOTHING
    if len(some) == 1:
        return some[0]
    return np.concatenate([part[0] for part in some]), np.concatenate([part[1] for part in some])


def _flags(samples: Float64Array, gaps: BoolArray | None) -> BoolArray:
    return np.zeros(len(samples), np.bool_) if gaps is None else gaps
