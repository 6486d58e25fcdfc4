"""Timing error of beats: RR intervals of simulated beats compared with the truth.

Run as ``python benchmarks/rpeaks_timing.py [--windows N] [--data FOLDER]``. Windows of 5.5 s of two families of QRS
complexes, clean, with electrode motion at 12 dB and with white noise at 12 dB; with ``--data`` (a folder with
``nstdb/``) also with recorded motion. Mean absolute error of RR in milliseconds. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measures.ecg_stress import Window, add_noise, draw_real_noise

from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.heart.ecg import MORPHOLOGY_FAMILIES, make_morphology, simulate_ecg
from ecg_facial.simulate.heart.ecg_noise import draw_electrode_motion

FS_HZ, WINDOW_S, SNR_DB = 512.0, 5.5, 12.0
SAME_BEAT_S = 0.05
OTHER_RATES_HZ = (128.0, 250.0, 1000.0)
Noise = Callable[[np.random.Generator, int], Float64Array]


def measure_rr_errors_ms(family: str, noise: Noise | None, *, n_windows: int, fs_hz: float = FS_HZ) -> Float64Array:
    """Errors of intervals whose two beats were both found."""
    errors: list[float] = []
    for number in range(n_windows):
        rng = np.random.default_rng(number)
        time_s = np.arange(round(WINDOW_S * fs_hz)) / fs_hz
        curve = 70.0 + 10.0 * np.sin(2 * np.pi * 0.25 * time_s + number) + rng.normal(0.0, 8.0)
        ecg, true_s = simulate_ecg(curve, fs_hz, rng=rng, morphology=make_morphology(family))
        if noise is not None:
            ecg = add_noise(Window(ecg_mv=ecg, beats_s=true_s), noise(rng, len(ecg)), SNR_DB)
        found_s = detect_r_peaks(ecg, fs_hz).times_s
        nearest = np.abs(found_s[:, None] - true_s).argmin(axis=1)
        is_same = np.abs(found_s - true_s[nearest]) < SAME_BEAT_S
        pairs = is_same[1:] & is_same[:-1] & (np.diff(nearest) == 1)
        errors += (1e3 * (np.diff(found_s) - np.diff(true_s[nearest]))[pairs]).tolist()
    return np.array(errors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", type=int, default=200)
    parser.add_argument("--data", type=Path, help="folder with nstdb/")
    arguments = parser.parse_args()
    noises: dict[str, Noise | None] = {
        "clean": None,
        "motion 12 dB": lambda rng, n: draw_electrode_motion(rng, n, FS_HZ),
        "white 12 dB": lambda rng, n: rng.standard_normal(n),
    }
    if arguments.data is not None:
        noises["recorded motion 12 dB"] = lambda rng, n: draw_real_noise(arguments.data, "em", rng, n)
    result: dict[str, dict[str, float]] = {}
    for family in MORPHOLOGY_FAMILIES:
        rows = {
            name: measure_rr_errors_ms(family, noise, n_windows=arguments.windows) for name, noise in noises.items()
        }
        for fs_hz in OTHER_RATES_HZ:
            rows[f"clean at {fs_hz:g} Hz"] = measure_rr_errors_ms(
                family, None, n_windows=arguments.windows, fs_hz=fs_hz
            )
        result[family] = {name: float(np.abs(errors).mean()) for name, errors in rows.items()}
        print(f"{family:11s}", "  ".join(f"{name} {value:.3f} ms" for name, value in result[family].items()))
    print(json.dumps({"benchmark": "rpeaks_timing", "simulated": True, "rr_error_ms": result}))


if __name__ == "__main__":
    main()
