"""A short recording that comes with the package, for a first result without files of your own.

Input: two files in ``assets``, made by ``tools/make_example.py``. Output: an ECG in memory, a face video, and what is
known about them. They are SIMULATED: figures made from them say nothing about people.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg_facial.labels import PainLevel
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.typing import Float64Array

SIGNALS_FILE, VIDEO_FILE = "example.npz", "example.mp4"
_ASSETS = Path(__file__).parent / "assets"


@dataclass(frozen=True, eq=False, kw_only=True)
class Example:
    """One SIMULATED trial of 5.5 s. ECG and video share a clock, and the true R-peaks are known.

    Attributes
    ----------
    ecg : EcgSignal
        In mV.
    video : Path
        Face video, 320 x 240 pixels, 25 Hz.
    r_peak_times_s : ndarray of float64, shape (n_beats,)
        True times of the R-peaks in seconds from the first sample.
    pain_level : PainLevel
        Level of the simulated stimulus.
    simulated : bool
        Always True.
    """

    ecg: EcgSignal
    video: Path
    r_peak_times_s: Float64Array
    pain_level: PainLevel
    simulated: bool = True

    @property
    def heart_rate_bpm(self) -> float:
        """True mean heart rate over the intervals between the R-peaks, in bpm."""
        return float(60.0 / np.diff(self.r_peak_times_s).mean())


def load_example() -> Example:
    """Load the recording that comes with the package.

    Returns
    -------
    Example
        With an ECG, the path of a face video, and the true R-peaks. SIMULATED.

    Examples
    --------
    >>> import ecg_facial
    >>> example = ecg_facial.load_example()
    >>> beats = ecg_facial.detect_r_peaks(example.ecg.samples, example.ecg.fs_hz)
    >>> len(beats), len(example.r_peak_times_s)
    (9, 9)
    """
    with np.load(_ASSETS / SIGNALS_FILE, allow_pickle=False) as stored:
        return Example(
            ecg=EcgSignal(samples=stored["ecg_mv"].astype(np.float64), fs_hz=float(stored["fs_hz"]), unit="mV"),
            video=_ASSETS / VIDEO_FILE,
            r_peak_times_s=stored["r_peak_times_s"],
            pain_level=PainLevel(int(stored["pain_level"])),
        )
