"""Beat detectors of other packages, as many as are installed: a measure of how realistic a simulated ECG is.

Each is called as its package documents, with the cleaning that it names. None is a dependency: those that
are installed beside this package are measured. A detector that fails on a window counts as having found nothing in it.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable

import numpy as np
from measures.ecg_stress import Detector

from ecg_facial.runtime.typing import Float64Array

_NEUROKIT_METHODS = ("neurokit", "pantompkins1985", "hamilton2002", "elgendi2010", "rodrigues2021", "khamis2016")
# Methods that name no cleaning of their own.
_CLEANED_BY_DEFAULT = ("rodrigues2021", "khamis2016")
_BIOSPPY_BAND_HZ, _BIOSPPY_TOLERANCE_S = (0.67, 45.0), 0.05


def _detect_sleepecg(ecg: Float64Array, fs_hz: float) -> Float64Array:
    import sleepecg

    return np.asarray(sleepecg.detect_heartbeats(ecg, fs_hz))


def _detect_xqrs(ecg: Float64Array, fs_hz: float) -> Float64Array:
    from wfdb import processing

    detector = processing.XQRS(sig=ecg, fs=fs_hz)
    detector.detect(verbose=False)
    return np.asarray(detector.qrs_inds)


def _detect_fast_qrs(ecg: Float64Array, fs_hz: float) -> Float64Array:
    from fast_qrs_detector import qrs_detector

    return np.asarray(qrs_detector(ecg, fs_hz))


def _detect_biosppy(ecg: Float64Array, fs_hz: float) -> Float64Array:
    from biosppy.signals import ecg as segmenters
    from biosppy.signals import tools

    band = {"ftype": "FIR", "band": "bandpass", "frequency": list(_BIOSPPY_BAND_HZ)}
    filtered = tools.filter_signal(signal=ecg, order=int(1.5 * fs_hz), sampling_rate=fs_hz, **band)[0]
    found = segmenters.hamilton_segmenter(signal=filtered, sampling_rate=fs_hz)[0]
    corrected = segmenters.correct_rpeaks(signal=filtered, rpeaks=found, sampling_rate=fs_hz, tol=_BIOSPPY_TOLERANCE_S)
    return np.asarray(corrected[0])


def _make_neurokit(method: str) -> Detector:
    def detect(ecg: Float64Array, fs_hz: float) -> Float64Array:
        import neurokit2

        rate = round(fs_hz)
        cleaner = "neurokit" if method in _CLEANED_BY_DEFAULT else method
        cleaned = neurokit2.ecg_clean(ecg, sampling_rate=rate, method=cleaner)
        return np.asarray(neurokit2.ecg_findpeaks(cleaned, sampling_rate=rate, method=method)["ECG_R_Peaks"])

    return detect


_PEERS: dict[str, tuple[str, Detector]] = {
    "sleepecg": ("sleepecg", _detect_sleepecg),
    "fast_qrs": ("fast_qrs_detector", _detect_fast_qrs),
    **{f"nk {method}": ("neurokit2", _make_neurokit(method)) for method in _NEUROKIT_METHODS},
    "wfdb xqrs": ("wfdb", _detect_xqrs),
    "biosppy hamilton": ("biosppy", _detect_biosppy),
}


def find_peers() -> dict[str, Detector]:
    """Detectors of the installed packages, by name: beat times in seconds."""
    return {
        name: _in_seconds(detect)
        for name, (package, detect) in _PEERS.items()
        if importlib.util.find_spec(package) is not None
    }


def _in_seconds(detect: Callable[[Float64Array, float], Float64Array]) -> Detector:
    def detect_quietly(ecg: Float64Array, fs_hz: float) -> Float64Array:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = detect(ecg, fs_hz)
            # Packages fail on windows with few beats in ways of their own; a user of theirs has no beats then.
            except Exception:  # any error of another package counts as nothing found
                return np.empty(0)
        return np.asarray(found, dtype=np.float64).ravel() / fs_hz

    return detect_quietly
