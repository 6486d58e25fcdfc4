"""Biosignals of a simulated trial: skin conductance (GSR), ECG and three EMGs, filtered and raw.

Input: a trial at feature level. Output: BioVid's five columns; GSR in microsiemens, ECG and EMG in microvolts. Raw
signals are the filtered ones plus slow drift, 50 Hz hum and noise. Artefacts of the ECG are in both.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.grid import ACTION_UNITS, FRAME_TIMES_S, TRIAL_S, smooth_step, uniform
from ecg_facial.simulate.heart.artefacts import Artefact, add_artefacts, draw_artefacts, plan_artefacts
from ecg_facial.simulate.heart.ecg import draw_ecg
from ecg_facial.simulate.heart.fibrillation import draw_fibrillatory_waves
from ecg_facial.simulate.people.response import HeartResponse, Person
from ecg_facial.simulate.settings.sensor_settings import SensorSettings

FS_HZ = 512.0
N_TIMES = round(TRIAL_S * FS_HZ)
_TIMES_S = np.arange(N_TIMES) / FS_HZ
_MAINS_HZ = 50.0
UV_PER_MV = 1000.0
# low-pass at about 35 Hz with unit gain for noise
_LOW_PASS = np.hanning(17) / np.linalg.norm(np.hanning(17))
FLOOR_CORRELATION = np.correlate(_LOW_PASS, _LOW_PASS, mode="full")[len(_LOW_PASS) - 1 :]
"""Autocorrelation of `draw_floor_noise`."""

# RMS of the EMG at rest, and its increase at an action unit of 1; share of it in the trapezius
_EMG_REST_UV, _EMG_FULL_UV = 3.0, 60.0
_TRAPEZIUS_SHARE = 0.35
# response of the skin conductance: delay and rise, gain, spread of the intensity over trials, noise
_GSR_DELAY_S, _GSR_RISE_S = (1.5, 3.0), (1.2, 2.2)
_GSR_GAIN_US, _GSR_INTENSITY_SD, _GSR_NOISE_US = 1.2, 0.25, 0.004

ECG_ROW = 1


def plan_trial_artefacts(
    rng: np.random.Generator, *, action_units: Float64Array, settings: SensorSettings
) -> tuple[Artefact, ...]:
    """Plan the artefacts of a trial's ECG.

    Parameters
    ----------
    rng : Generator
        A separate stream.
    action_units : ndarray of float64, shape (15, N_FRAMES)
        `ACTION_UNITS`; shoulders may tense with AU04.
    settings : SensorSettings
        Rates and strengths.
    """
    brow = action_units[ACTION_UNITS.index("AU04")]
    return plan_artefacts(rng, settings, duration_s=TRIAL_S, pain_times_s=FRAME_TIMES_S, pain=brow)


def simulate_biosignals(
    rng: np.random.Generator,
    *,
    person: Person,
    felt: float,
    heart: HeartResponse,
    action_units: Float64Array,
    settings: SensorSettings,
    artefacts: Iterable[Artefact] = (),
) -> tuple[Float64Array, Float64Array]:
    """Simulate the biosignals of a trial.

    Parameters
    ----------
    rng : Generator
        The trial's own stream.
    person : Person
    felt : float
        Felt intensity; skin conductance responds to it with independent noise.
    heart : HeartResponse
        The beats.
    action_units : ndarray of float64, shape (15, N_FRAMES)
        AU04 drives the EMG of the corrugator, AU12 and a little AU06 that of the zygomaticus.
    settings : SensorSettings
        Noise.
    artefacts : iterable of Artefact
        Artefacts of the ECG, from `plan_trial_artefacts`.

    Returns
    -------
    filtered, raw : ndarray of float64, shape (5, N_TIMES)
        GSR, ECG, EMG of trapezius, corrugator and zygomaticus.
    """
    filtered, raw = _simulate_clean(
        rng, person=person, felt=felt, heart=heart, action_units=action_units, settings=settings
    )
    filtered[ECG_ROW], raw[ECG_ROW] = add_artefacts(
        rng, filtered[ECG_ROW], raw[ECG_ROW], fs_hz=FS_HZ, artefacts=artefacts
    )
    return filtered, raw


def draw_trial_artefacts(
    rng: np.random.Generator,
    *,
    person: Person,
    felt: float,
    heart: HeartResponse,
    action_units: Float64Array,
    settings: SensorSettings,
    artefacts: Iterable[Artefact],
) -> Float64Array:
    """Compute what artefacts add to the filtered ECG of `simulate_biosignals`, within the trial and beyond its ends.

    Parameters
    ----------
    rng, person, felt, heart, action_units, settings, artefacts
        As in `simulate_biosignals`.

    Returns
    -------
    ndarray of float64, shape (N_TIMES + 2 * artefacts.count_reach(FS_HZ),)
        Microvolts.
    """
    filtered, raw = _simulate_clean(
        rng, person=person, felt=felt, heart=heart, action_units=action_units, settings=settings
    )
    return draw_artefacts(rng, filtered[ECG_ROW], raw[ECG_ROW], fs_hz=FS_HZ, artefacts=artefacts)


def _simulate_clean(
    rng: np.random.Generator,
    *,
    person: Person,
    felt: float,
    heart: HeartResponse,
    action_units: Float64Array,
    settings: SensorSettings,
) -> tuple[Float64Array, Float64Array]:
    """Simulate the signals without artefacts, filtered and raw."""
    shown = dict(zip(ACTION_UNITS, action_units, strict=True))
    ecg = person.lead_sign * UV_PER_MV * draw_person_ecg(person, heart)
    ecg += uniform(rng, settings.noise_uv) * draw_floor_noise(rng, N_TIMES)
    filtered = np.stack(
        [
            _simulate_gsr(rng, person, felt=felt),
            ecg,
            _simulate_emg(rng, _TRAPEZIUS_SHARE * shown["AU04"]),
            _simulate_emg(rng, shown["AU04"]),
            _simulate_emg(rng, np.minimum(1.0, shown["AU12"] + 0.25 * shown["AU06"])),
        ]
    )
    return filtered, _add_what_filters_remove(rng, filtered, settings)


def draw_person_ecg(person: Person, heart: HeartResponse) -> Float64Array:
    """Compute the trial's ECG in millivolts, with the shapes of premature beats, without swapped leads."""
    ecg_mv = draw_ecg(
        heart.beat_times_s,
        FS_HZ,
        n_times=N_TIMES,
        morphology=person.morphology,
        kinds=heart.ectopic,
        ectopic=person.ectopy.shapes(person.morphology),
    )
    if person.fibrillation is None:
        return ecg_mv
    cycles = heart.atrial_cycles + person.fibrillation.rate_hz * _TIMES_S
    return ecg_mv + draw_fibrillatory_waves(person.fibrillation, cycles)


def draw_floor_noise(rng: np.random.Generator, n_times: int) -> Float64Array:
    """Draw noise with an RMS of 1 below about 35 Hz: low-pass filtered white noise."""
    noise: Float64Array = np.convolve(rng.standard_normal(n_times + len(_LOW_PASS) - 1), _LOW_PASS, mode="valid")
    return noise


def _simulate_gsr(rng: np.random.Generator, person: Person, *, felt: float) -> Float64Array:
    """Skin conductance: a tonic level with a slight trend, one response, and noise."""
    rise_us = _GSR_GAIN_US * max(0.0, felt + _GSR_INTENSITY_SD * rng.standard_normal())
    course = smooth_step((_TIMES_S - uniform(rng, _GSR_DELAY_S)) / uniform(rng, _GSR_RISE_S))
    tonic_us = person.gsr_us * (1.0 + 0.01 * rng.standard_normal() * _TIMES_S / TRIAL_S)
    return tonic_us + rise_us * course + _GSR_NOISE_US * rng.standard_normal(N_TIMES)


def _simulate_emg(rng: np.random.Generator, activity: Float64Array) -> Float64Array:
    """Noise whose RMS follows the activity of a muscle."""
    envelope_uv = _EMG_REST_UV + _EMG_FULL_UV * np.interp(_TIMES_S, FRAME_TIMES_S, activity)
    noise = rng.standard_normal(N_TIMES + 1)
    # differences of neighbours remove slow components: surface EMG has little below 20 Hz
    emg_uv: Float64Array = envelope_uv * np.diff(noise) / np.sqrt(2.0)
    return emg_uv


def _add_what_filters_remove(
    rng: np.random.Generator, filtered: Float64Array, settings: SensorSettings
) -> Float64Array:
    """Add slow drift, hum and white noise."""
    n_signals = len(filtered)
    drift_hz, drift_phase, hum_phase = rng.random((3, n_signals, 1))
    drift = np.sin(2.0 * np.pi * ((0.05 + 0.3 * drift_hz) * _TIMES_S + drift_phase))
    hum = np.sin(2.0 * np.pi * (_MAINS_HZ * _TIMES_S + hum_phase))
    added = uniform(rng, settings.drift_uv) * drift + uniform(rng, settings.mains_uv) * hum
    added += uniform(rng, settings.raw_noise_uv) * rng.standard_normal(added.shape)
    # skin conductance gets none of it: it has hardly any hum, and its slow drift is simulated already
    share = np.array([[0.0], [1.0], [0.3], [0.3], [0.3]])
    raw: Float64Array = filtered + share * added
    return raw
