"""Five minutes of simulated rest and its heart-rate variability, beside the norms of healthy adults.

The curve is the one of a trial without pain (breathing, 0.1 Hz wave, jitter), continued; the level wanders from minute
to minute as it does from trial to trial (`HeartSettings.baseline_trial_sd_bpm`).

References
----------
Nunan, Sandercock, Brodie, "A quantitative systematic review of normal values for short-term heart rate variability in
healthy adults", Pacing and Clinical Electrophysiology 33(11), 2010.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.heart.ecg import compute_beat_times
from ecg_facial.simulate.people.response import Person, sample_person
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.presets import HeartSettings, Preset, get_preset

NORMS = {"mean_rr_ms": (926.0, 90.0), "sdnn_ms": (50.0, 16.0), "rmssd_ms": (42.0, 15.0)}
"""Mean and standard deviation over studies of healthy adults, recordings of about five minutes."""

ADULT_HEART = get_preset("biovid-like").heart
"""Settings whose people lie within the norms; those of ``clear`` have a tenth of the variance."""

REST_S = 300.0
_FS_HZ = 8.0
_WANDER_S = 60.0
_MAYER_HZ = 0.1


def simulate_rest(
    rng: np.random.Generator, person: Person, settings: HeartSettings, *, duration_s: float = REST_S
) -> Float64Array:
    """Beat times of a person at rest."""
    times_s = np.arange(round(duration_s * _FS_HZ)) / _FS_HZ
    knots_s = np.arange(0.0, duration_s + 2 * _WANDER_S, _WANDER_S)
    wander = np.interp(times_s + rng.random() * _WANDER_S, knots_s, rng.standard_normal(len(knots_s)))
    breath, slow = 2.0 * np.pi * rng.random(2)
    curve_bpm = (
        person.baseline_bpm
        + settings.baseline_trial_sd_bpm * wander
        + person.respiration_bpm * np.sin(2.0 * np.pi * person.respiration_hz * times_s + breath)
        + person.slow_bpm * np.sin(2.0 * np.pi * _MAYER_HZ * times_s + slow)
    )
    beats_s = compute_beat_times(curve_bpm, _FS_HZ, phase=rng.random())
    jitter_s = settings.jitter_ms / 1e3 * np.clip(rng.standard_normal(len(beats_s)), -3.0, 3.0)
    return np.asarray(beats_s + jitter_s)


def measure_variability(heart: HeartSettings, *, n_people: int, seed: int = 0) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation over people of mean RR, SDNN and RMSSD in ms."""
    population = replace(Preset(name="rest"), heart=heart)
    rows = []
    for number in range(n_people):
        rng = make_rng(seed, "rest", number)
        person = sample_person(rng, population, sex="w" if number % 2 else "m", age_years=40)
        rr_ms = 1e3 * np.diff(simulate_rest(rng, person, heart))
        rows.append((rr_ms.mean(), rr_ms.std(ddof=1), np.sqrt(np.mean(np.diff(rr_ms) ** 2))))
    values = np.array(rows)
    return {
        name: (float(column.mean()), float(column.std(ddof=1))) for name, column in zip(NORMS, values.T, strict=True)
    }
