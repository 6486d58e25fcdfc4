"""Simulated ECGs beside recorded ones: beats found in noise, heart-rate variability at rest, time to draw them.

Run as ``python benchmarks/simulated_ecg.py [--data ../shared/data/ecg] [--stride 15] [--sinus] [--preset NAME]``.
Compare all records with ``--preset clinical``, and those without arrhythmia with ``--preset biovid-like --sinus``.
The folder of ``--data`` holds MIT-BIH records (``mitdb/``) and the noises of the Noise Stress Test (``nstdb/``);
without it only the simulated side is measured. F1 (150 ms) in percent is over 5.5 s windows, with real noise on real
ECGs and simulated noise on simulated ones; ``simulated noise on real`` separates the effect of the noise from that of
the hearts; ``--sinus`` leaves out records of arrhythmia. Variability is that of 200 people in five minutes of rest,
beside the norms of Nunan et al. 2010. Detectors of other packages are measured too where they are installed
(`measures.peer_detectors`). The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from measures.ecg_stress import (
    CONDITIONS,
    HARDER,
    Detector,
    Window,
    make_simulated_windows,
    measure_f1,
    read_real_windows,
    spoil_real,
    spoil_simulated,
)
from measures.peer_detectors import find_peers
from measures.resting_heart import ADULT_HEART, NORMS, measure_variability

from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.heart.ecg import compute_beat_times, draw_ecg, make_morphology
from ecg_facial.simulate.heart.ecg_noise import (
    draw_baseline_wander,
    draw_electrode_motion,
    draw_mains,
    draw_muscle_noise,
)
from ecg_facial.simulate.settings.presets import CLINICAL, PRESETS, Preset, get_preset

FS_HZ = 512.0
SIMULATED_WINDOWS = 526
PEOPLE = 200
LENGTHS_MIN = (1.0, 30.0)


def detect_ours(ecg: Float64Array, fs_hz: float) -> Float64Array:
    return detect_r_peaks(ecg, fs_hz).times_s


def find_detectors() -> dict[str, Detector]:
    return {"ours": detect_ours, **find_peers()}


def compare_beats(
    data: Path | None, *, stride: int, sinus: bool, preset: Preset | None
) -> dict[str, dict[str, dict[str, float]]]:
    """F1 of each detector under each condition."""
    real: list[Window] = list(read_real_windows(data, stride=stride, sinus_only=sinus)) if data else []
    simulated = list(make_simulated_windows(len(real) or SIMULATED_WINDOWS, preset=preset))
    result: dict[str, dict[str, dict[str, float]]] = {}
    for condition, (kind, snr_db) in {**CONDITIONS, **HARDER}.items():
        spoilt = {"simulated": list(spoil_simulated(simulated, kind, snr_db))}
        if data:
            spoilt["real"] = list(spoil_real(real, kind, snr_db, folder=data))
            spoilt["simulated noise on real"] = list(spoil_simulated(real, kind, snr_db))
        for name, detect in find_detectors().items():
            row = {side: measure_f1(windows, detect) for side, windows in spoilt.items()}
            result.setdefault(name, {})[condition] = row
            print(f"{name:18s} {condition:14s}", "  ".join(f"{key} {value:.2f}" for key, value in row.items()))
    return result


def compare_variability(preset: Preset | None) -> dict[str, dict[str, tuple[float, float]]]:
    """Mean and spread over people beside the norms."""
    hearts = {"clear": get_preset("clear").heart, "adult": ADULT_HEART}
    if preset:
        hearts[preset.name] = preset.heart
    result = {"norm": NORMS, **{name: measure_variability(heart, n_people=PEOPLE) for name, heart in hearts.items()}}
    for name, row in result.items():
        print(f"{name:12s}", "  ".join(f"{key} {mean:.0f} ({sd:.0f})" for key, (mean, sd) in row.items()))
    return result


def measure_cost() -> dict[str, dict[str, float]]:
    """Nanoseconds a sample at two lengths: equal where the cost is linear."""
    shape = make_morphology("symmetric")
    rng = np.random.default_rng(0)

    def draw_beats(n_times: int) -> None:
        beats_s = compute_beat_times(np.full(n_times // 64 + 2, 70.0), FS_HZ / 64, phase=0.5)
        draw_ecg(beats_s, FS_HZ, n_times=n_times, morphology=shape)

    parts = {
        "beats": draw_beats,
        **{
            noise.__name__: lambda n_times, noise=noise: noise(rng, n_times, FS_HZ)
            for noise in (draw_baseline_wander, draw_muscle_noise, draw_electrode_motion, draw_mains)
        },
    }
    result: dict[str, dict[str, float]] = {}
    for name, part in parts.items():
        result[name] = {}
        for minutes in LENGTHS_MIN:
            n_times = round(minutes * 60.0 * FS_HZ)
            part(n_times)
            start = time.perf_counter()
            part(n_times)
            result[name][f"{minutes:g} min"] = 1e9 * (time.perf_counter() - start) / n_times
        print(f"{name:22s}", "  ".join(f"{key} {value:.0f} ns/sample" for key, value in result[name].items()))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with mitdb/ and nstdb/")
    parser.add_argument("--stride", type=int, default=15, help="use every so many windows of a record")
    parser.add_argument("--sinus", action="store_true", help="only records with at least 97 %% regular beats")
    populations = {**PRESETS, CLINICAL.name: CLINICAL}
    parser.add_argument("--preset", choices=sorted(populations), help="a population; without, its sensors only")
    arguments = parser.parse_args()
    preset = populations.get(arguments.preset)
    result = {
        "f1": compare_beats(arguments.data, stride=arguments.stride, sinus=arguments.sinus, preset=preset),
        "variability": compare_variability(preset),
        "ns_per_sample": measure_cost(),
        "simulated": True,
    }
    print(json.dumps(result, default=float))


if __name__ == "__main__":
    main()
