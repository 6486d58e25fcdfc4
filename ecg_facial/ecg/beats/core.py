"""Which core the beat detector runs: compiled where numba is installed, plain elsewhere, with the same results.

Enters: nothing. Leaves: the function `find_beats` of `beat_compiled` or `beat_arrays`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Protocol

from ecg_facial.ecg.beats import arrays as beat_arrays
from ecg_facial.ecg.beats.arrays import Beats, BoolArray, FloatArray
from ecg_facial.ecg.beats.scales import Lengths


class Core(Protocol):
    """Finds the beats of a stretch (`beat_arrays.find_beats`)."""

    def __call__(
        self,
        energy: FloatArray,
        gaps: BoolArray | None,
        coarse: FloatArray,
        fine: FloatArray,
        tip: FloatArray,
        lengths: Lengths,
    ) -> Beats:
        """See `beat_arrays.find_beats`."""


def load_core() -> Core:
    """Load the fastest core there is; numba is imported here at the earliest."""
    return beat_arrays.find_beats if _Choice.plain else _load_fastest()


def keep_plain_core(plain: bool = True) -> None:
    """Run the plain core in this process from here on, for work that takes less time than compiling the other."""
    _Choice.plain = plain


class _Choice:
    plain = False


@lru_cache(maxsize=1)
def _load_fastest() -> Core:
    if find_spec("numba") is None:
        return beat_arrays.find_beats
    from ecg_facial.ecg.beats import compiled as beat_compiled

    return beat_compiled.find_beats
