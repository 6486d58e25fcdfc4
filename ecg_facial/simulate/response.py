"""How simulated people answer a stimulus: population -> person -> trial.

Enters: presets and random streams. Leaves: people, and per trial the latent intensities, action-unit curves and the
heart-rate curve with its beats. Face and heart see the felt intensity with noise of their own, so that their errors
are independent given the level where `Preset.shared_sd` is 0. Nothing is drawn or written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecg_facial.labels import PainLevel
from ecg_facial.simulate.ecg import HEART_RATE_LIMITS_BPM, PAD_S, Morphology, compute_beat_times, sample_morphology
from ecg_facial.simulate.ectopic import NO_ECTOPY, Ectopy, KindArray, place_ectopic_beats, sample_ectopy
from ecg_facial.simulate.presets import FaceSettings, HeartSettings, Preset, Range

TRIAL_S = 5.5
FPS = 25.0
N_FRAMES = 138
FRAME_TIMES_S: NDArray[np.float64] = np.arange(N_FRAMES) / FPS

PAIN_AUS = ("AU04", "AU06", "AU07", "AU09", "AU10", "AU43")
# Share of each unit in a full response of the average person (Prkachin & Solomon 2008: these six carry pain).
_PAIN_PATTERN = np.array([1.0, 0.8, 0.9, 0.65, 0.7, 0.6])
_AU_ONSET_SPREAD_S = 0.15
_HEART_FS_HZ = 32.0
_HEART_TAIL_S = 2.0
_HEART_TIMES_S = np.arange(round((PAD_S + TRIAL_S + _HEART_TAIL_S) * _HEART_FS_HZ) + 1) / _HEART_FS_HZ - PAD_S
_MAYER_HZ = 0.1

FloatArray = NDArray[np.float64]
Sex = Literal["m", "w"]


@dataclass(frozen=True, eq=False)
class Person:
    """One simulated person's constants.

    Attributes
    ----------
    sex : {"m", "w"}
    age_years : int
    threshold, expressiveness : float
        What of the intensity shows on the face.
    au_pattern : ndarray of float64, shape (6,)
        Share of each of `PAIN_AUS` in a full response.
    blinks_per_s : float
    baseline_bpm, heart_gain_bpm : float
        Resting heart rate; change at intensity 1 (negative where it falls).
    respiration_hz, respiration_bpm, slow_bpm : float
        Breathing rate; half swings of the heart rate with it and with the 0.1 Hz wave.
    morphology : Morphology
        Shape of the heart beats.
    gsr_us : float
        Resting skin conductance in microsiemens.
    ectopy : Ectopy
        Premature beats: how often, of which shape.
    lead_sign : float
        -1 where the ECG's leads are swapped, else 1.
    """

    sex: Sex
    age_years: int
    threshold: float
    expressiveness: float
    au_pattern: FloatArray
    blinks_per_s: float
    baseline_bpm: float
    heart_gain_bpm: float
    respiration_hz: float
    respiration_bpm: float
    slow_bpm: float
    morphology: Morphology
    gsr_us: float
    ectopy: Ectopy = NO_ECTOPY
    lead_sign: float = 1.0


@dataclass(frozen=True)
class Intensity:
    """Latent pain of a trial, on the scale of the strongest stimulus = 1; noise can bring it below 0.

    Attributes
    ----------
    felt, face, heart : float
        What is felt, and what face and heart answer.
    """

    felt: float
    face: float
    heart: float


@dataclass(frozen=True, eq=False)
class FaceResponse:
    """Action units of the pain response.

    Attributes
    ----------
    action_units : ndarray of float64, shape (6, N_FRAMES)
        `PAIN_AUS` at `FRAME_TIMES_S`, 0..1.
    onset_s : float
        When the first unit starts.
    """

    action_units: FloatArray
    onset_s: float


@dataclass(frozen=True, eq=False)
class HeartResponse:
    """Heart rate and beats of a trial.

    Attributes
    ----------
    times_s, heart_rate_bpm : ndarray of float64, shape (n,)
        The curve that the beats follow, from `ecg.PAD_S` before the trial to two seconds after it.
    beat_times_s : ndarray of float64, shape (n_beats,)
        Exact times of the R peaks over the same span.
    ectopic : ndarray of str, shape (n_beats,)
        Kind of each beat: ``N`` regular, ``V`` premature ventricular, ``A`` premature atrial.
    """

    times_s: FloatArray
    heart_rate_bpm: FloatArray
    beat_times_s: FloatArray
    ectopic: KindArray

    @property
    def trial_beat_times_s(self) -> FloatArray:
        """Beats within the trial."""
        return self.beat_times_s[self._in_trial]

    @property
    def trial_ectopic(self) -> KindArray:
        """Kinds of the beats within the trial."""
        return self.ectopic[self._in_trial]

    @property
    def _in_trial(self) -> NDArray[np.bool_]:
        return (self.beat_times_s >= 0.0) & (self.beat_times_s < TRIAL_S)


def uniform(rng: np.random.Generator, limits: Range) -> float:
    """Draw from a preset's range."""
    return limits[0] + (limits[1] - limits[0]) * rng.random()


def sample_person(rng: np.random.Generator, preset: Preset, *, sex: Sex, age_years: int) -> Person:
    """Draw a person of a preset's population.

    Parameters
    ----------
    rng : Generator
        The person's own stream.
    preset : Preset
        The population.
    sex : {"m", "w"}
    age_years : int
    """
    face, heart = preset.face, preset.heart
    sign = -1.0 if rng.random() < heart.falling_share else 1.0
    return Person(
        sex=sex,
        age_years=age_years,
        threshold=uniform(rng, face.threshold),
        expressiveness=uniform(rng, face.expressiveness),
        au_pattern=_PAIN_PATTERN * np.exp(face.pattern_sd * rng.standard_normal(len(PAIN_AUS))),
        blinks_per_s=uniform(rng, preset.nuisance.blinks_per_min) / 60.0,
        baseline_bpm=uniform(rng, heart.baseline_bpm),
        heart_gain_bpm=sign * uniform(rng, heart.gain_bpm),
        respiration_hz=uniform(rng, heart.respiration_hz),
        respiration_bpm=uniform(rng, heart.respiration_bpm),
        slow_bpm=uniform(rng, heart.slow_bpm),
        morphology=sample_morphology(rng, wave_sd=preset.sensors.wave_sd, width=preset.sensors.width),
        gsr_us=uniform(rng, (2.0, 9.0)),
        ectopy=sample_ectopy(rng, preset.ectopic),
        lead_sign=-1.0 if rng.random() < preset.sensors.inverted_share else 1.0,
    )


def sample_intensity(rng: np.random.Generator, preset: Preset, *, level: PainLevel) -> Intensity:
    """Draw what a stimulus of this level is felt as, and what face and heart see of it."""
    shared, face, heart = rng.standard_normal(3)
    felt = preset.stimulus[int(level)] + preset.shared_sd * shared
    return Intensity(felt, felt + preset.face.intensity_sd * face, felt + preset.heart.intensity_sd * heart)


def simulate_face(
    rng: np.random.Generator, person: Person, *, intensity: float, settings: FaceSettings
) -> FaceResponse:
    """Course of the pain action units: delay, rise, hold, partial decay.

    Parameters
    ----------
    rng : Generator
        The trial's own stream.
    person : Person
        Who.
    intensity : float
        `Intensity.face`.
    settings : FaceSettings
        The population's face.
    """
    shown = person.expressiveness * max(0.0, intensity - person.threshold) ** settings.exponent
    n_aus = len(PAIN_AUS)
    share = person.au_pattern * (1.0 + settings.trial_pattern_sd * rng.standard_normal(n_aus))
    start_s = uniform(rng, settings.onset_s)
    onset_s = start_s + _AU_ONSET_SPREAD_S * rng.random(n_aus)
    rise_s = uniform(rng, settings.rise_s)
    decay_start_s = onset_s + rise_s + uniform(rng, settings.hold_s)
    course = smooth_step((FRAME_TIMES_S - onset_s[:, None]) / rise_s)
    decay = smooth_step((FRAME_TIMES_S - decay_start_s[:, None]) / uniform(rng, settings.decay_s))
    curves = (shown * share)[:, None] * course * (1.0 - settings.decay_depth * decay)
    return FaceResponse(np.clip(curves, 0.0, 1.0), float(onset_s.min()))


def simulate_heart(
    rng: np.random.Generator, person: Person, *, intensity: float, settings: HeartSettings
) -> HeartResponse:
    """Heart rate with its response, breathing and slow wave, and the beats that follow it.

    Parameters
    ----------
    rng : Generator
        The trial's own stream.
    person : Person
        Who.
    intensity : float
        `Intensity.heart`.
    settings : HeartSettings
        The population's heart.
    """
    times_s = _HEART_TIMES_S
    level_bpm = person.baseline_bpm + settings.baseline_trial_sd_bpm * rng.standard_normal()
    onset_s, rise_s = uniform(rng, settings.onset_s), uniform(rng, settings.rise_s)
    breath, slow = 2.0 * np.pi * rng.random(2)
    curve = (
        level_bpm
        + person.heart_gain_bpm * intensity * smooth_step((times_s - onset_s) / rise_s)
        + person.respiration_bpm * np.sin(2.0 * np.pi * person.respiration_hz * times_s + breath)
        + person.slow_bpm * np.sin(2.0 * np.pi * _MAYER_HZ * times_s + slow)
    )
    curve = np.clip(curve, *HEART_RATE_LIMITS_BPM)
    beats_s = compute_beat_times(curve, _HEART_FS_HZ, phase=rng.random(), start_s=-PAD_S)
    jitter_s = settings.jitter_ms / 1e3 * np.clip(rng.standard_normal(len(beats_s)), -3.0, 3.0)
    return HeartResponse(times_s, curve, *place_ectopic_beats(rng, beats_s + jitter_s, ectopy=person.ectopy))


def smooth_step(position: FloatArray) -> FloatArray:
    """Rise from 0 at position 0 to 1 at position 1, with flat ends."""
    inside = np.clip(position, 0.0, 1.0)
    return inside * inside * (3.0 - 2.0 * inside)
