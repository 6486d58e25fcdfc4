"""Responses of simulated people to a stimulus: population, person, trial.

Input: presets and random streams. Output: people, and for each trial the latent intensities, action-unit curves, heart
rate and beats. Face and heart respond to the felt intensity with independent noise, so that their errors are
independent given the level if `Preset.shared_sd` is 0. Makes no pictures or files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import ndtri

from ecg_facial.labels import PainLevel
from ecg_facial.runtime.typing import BoolArray, Float64Array, StrArray
from ecg_facial.simulate.grid import FRAME_TIMES_S, PAIN_AUS, TRIAL_S, smooth_step, uniform
from ecg_facial.simulate.heart.conduction import sample_conduction
from ecg_facial.simulate.heart.ecg import (
    HEART_RATE_LIMITS_BPM,
    PAD_S,
    Morphology,
    compute_beat_times,
    sample_morphology,
)
from ecg_facial.simulate.heart.ectopic import (
    IRREGULAR,
    NO_ECTOPY,
    NORMAL,
    Ectopy,
    place_ectopic_beats,
    sample_ectopy,
)
from ecg_facial.simulate.heart.fibrillation import (
    Fibrillation,
    draw_irregular_places,
    remove_p_wave,
    sample_fibrillation,
)
from ecg_facial.simulate.settings.presets import FaceSettings, HeartSettings, Preset
from ecg_facial.simulate.settings.sensor_settings import ConductionSettings

# Strength of each of `PAIN_AUS` in a full response of the average person (Prkachin & Solomon 2008: these six show
# pain).
PAIN_PATTERN = np.array([1.0, 0.8, 0.9, 0.65, 0.7, 0.6])
# The brow moves first, the others follow within four frames; fixed, so that one time course describes all.
AU_LAGS_S = np.array([0.0, 0.06, 0.04, 0.1, 0.12, 0.16])
AGE_GROUPS_FROM_YEARS = (36, 51)
# limit of normally distributed resting rates, in standard deviations
_LIMIT_SDS = 2.5
_ROOT_2 = float(np.sqrt(2.0))
# the heart-rate curve changes slowly: 32 Hz, linear between
_HEART_FS_HZ = 32.0
_HEART_TAIL_S = 2.0
# reserve of beats for long intervals in fibrillation
_MORE_BEATS = 8
_HEART_TIMES_S = np.arange(round((PAD_S + TRIAL_S + _HEART_TAIL_S) * _HEART_FS_HZ) + 1) / _HEART_FS_HZ - PAD_S
# frequency of Mayer waves of blood pressure and heart rate
MAYER_HZ = 0.1
# threshold, expressiveness, silence, gain of the heart
N_RANKS = 4

Sex = Literal["m", "w"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Person:
    """Parameters of one simulated person.

    Attributes
    ----------
    sex : {"m", "w"}
    age_years : int
    threshold, expressiveness : float
        See `FaceSettings`; with an expressiveness of 0 the face does not respond.
    habituation : float
        Natural logarithm of the factor by which responses decrease until the end of the session.
    au_pattern : ndarray of float64, shape (6,)
        Strength of each of `PAIN_AUS` in a full response.
    au_rest : ndarray of float64, shape (6,)
        `PAIN_AUS` at rest.
    blinks_per_s : float
    baseline_bpm, heart_gain_bpm : float
        Resting heart rate; change at intensity 1 (negative where it falls).
    respiration_hz, respiration_bpm, slow_bpm : float
        Breathing rate; amplitudes of the heart rate with breathing and with the 0.1 Hz wave.
    morphology : Morphology
        Shape of the heart beats.
    gsr_us : float
        Resting skin conductance in microsiemens.
    ectopy : Ectopy
        Premature beats: rates and shape.
    lead_sign : float
        -1 if the ECG's leads are swapped, else 1.
    fibrillation : Fibrillation, optional
        Parameters of atrial fibrillation; None without it.
    """

    sex: Sex
    age_years: int
    threshold: float
    expressiveness: float
    habituation: float
    au_pattern: Float64Array
    au_rest: Float64Array
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
    fibrillation: Fibrillation | None = None


@dataclass(frozen=True, kw_only=True)
class Intensity:
    """Latent intensities of a trial, relative to the strongest stimulus (1); noise can make them negative.

    Attributes
    ----------
    felt, face, heart : float
        Felt intensity, and intensities that face and heart respond to.
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
        Start of the first action unit.
    """

    action_units: Float64Array
    onset_s: float


@dataclass(frozen=True, eq=False, kw_only=True)
class HeartResponse:
    """Heart rate and beats of a trial.

    Attributes
    ----------
    times_s, heart_rate_bpm : ndarray of float64, shape (n,)
        Heart-rate curve, from `ecg.PAD_S` before the trial to two seconds after it.
    beat_times_s : ndarray of float64, shape (n_beats,)
        Exact times of the R-peaks in the same span.
    ectopic : ndarray of str, shape (n_beats,)
        Kind of each beat: ``N`` regular, ``V`` premature ventricular, ``A`` premature atrial, ``I`` irregular.
    atrial_cycles : float
        Phase of the fibrillatory waves at the start of the trial, in cycles.
    """

    times_s: Float64Array
    heart_rate_bpm: Float64Array
    beat_times_s: Float64Array
    ectopic: StrArray
    atrial_cycles: float = 0.0

    @property
    def trial_beat_times_s(self) -> Float64Array:
        """Times of the beats within the trial."""
        return self.beat_times_s[self._in_trial]

    @property
    def trial_ectopic(self) -> StrArray:
        """Kinds of the beats within the trial."""
        return self.ectopic[self._in_trial]

    @property
    def _in_trial(self) -> BoolArray:
        return (self.beat_times_s >= 0.0) & (self.beat_times_s < TRIAL_S)


def sample_person(
    rng: np.random.Generator, preset: Preset, *, sex: Sex, age_years: int, ranks: Float64Array | None = None
) -> Person:
    """Draw a person from the population of a preset.

    Parameters
    ----------
    rng : Generator
        The person's own stream.
    preset : Preset
        The population.
    sex : {"m", "w"}
    age_years : int
    ranks : ndarray of float64, shape (N_RANKS,), optional
        Quantiles, 0 to 1, of the person's threshold, expressiveness, silence and gain of the heart; random by default.
    """
    face, heart = preset.face, preset.heart
    drawn = rng.random(N_RANKS)
    threshold, expressive, silent, gain = drawn if ranks is None else ranks
    person = Person(
        sex=sex,
        age_years=age_years,
        threshold=face.threshold[0] + (face.threshold[1] - face.threshold[0]) * float(threshold),
        expressiveness=_find_expressiveness(face, age_years, expressive=float(expressive), silent=float(silent)),
        habituation=uniform(rng, face.habituation),
        au_pattern=PAIN_PATTERN * np.exp(face.pattern_sd * rng.standard_normal(len(PAIN_AUS))),
        au_rest=np.minimum(0.5, face.rest_sd * np.abs(rng.standard_normal(len(PAIN_AUS)))),
        # each constant is one draw: their order is part of the random stream
        blinks_per_s=uniform(rng, preset.nuisance.blinks_per_min) / 60.0,
        baseline_bpm=heart.baseline_bpm + heart.baseline_sd_bpm * _cut_normal(rng),
        heart_gain_bpm=heart.gain_bpm + heart.gain_sd_bpm * float(ndtri(gain)),
        respiration_hz=uniform(rng, heart.respiration_hz),
        respiration_bpm=uniform(rng, heart.respiration_bpm),
        slow_bpm=uniform(rng, heart.slow_bpm),
        morphology=sample_morphology(rng, wave_sd=preset.sensors.wave_sd, width=preset.sensors.width),
        gsr_us=uniform(rng, (2.0, 9.0)),
        ectopy=sample_ectopy(rng, preset.ectopic),
        lead_sign=-1.0 if rng.random() < preset.sensors.inverted_share else 1.0,
    )
    return _sample_conduction(rng, person, preset.conduction)


def _sample_conduction(rng: np.random.Generator, person: Person, settings: ConductionSettings) -> Person:
    """Draw abnormal conduction and fibrillation, from a separate stream, so that all else stays the same."""
    if settings == ConductionSettings():
        return person
    rng = rng.spawn(1)[0]
    morphology = sample_conduction(rng, settings, regular=person.morphology)
    fibrillation = sample_fibrillation(rng, settings)
    if fibrillation is None:
        return replace(person, morphology=morphology)
    # in fibrillation only ventricular beats can be premature: there is no regular atrial rhythm
    ectopy = replace(person.ectopy, atrial_per_min=0.0)
    return replace(person, morphology=remove_p_wave(morphology), fibrillation=fibrillation, ectopy=ectopy)


def _find_expressiveness(face: FaceSettings, age_years: int, *, expressive: float, silent: float) -> float:
    """Strength of a person's responses; 0 for people without facial response, who are mostly old."""
    group = sum(age_years >= limit for limit in AGE_GROUPS_FROM_YEARS)
    scale = face.expressiveness * float(np.exp(face.expressiveness_sd * ndtri(expressive)))
    return 0.0 if silent < face.silent_share[group] else scale


def _cut_normal(rng: np.random.Generator) -> float:
    """Draw a standard normal number, limited to `_LIMIT_SDS`."""
    return float(np.clip(rng.standard_normal(), -_LIMIT_SDS, _LIMIT_SDS))


def sample_intensity(rng: np.random.Generator, preset: Preset, *, level: PainLevel) -> Intensity:
    """Draw the felt intensity of a stimulus, and the intensities that face and heart respond to."""
    # one part of the noise is shared, the others are independent
    shared, face, heart = rng.standard_normal(3)
    felt = preset.stimulus[int(level)] + preset.shared_sd * shared
    return Intensity(
        felt=felt, face=felt + preset.face.intensity_sd * face, heart=felt + preset.heart.intensity_sd * heart
    )


def shown_strength(
    intensity: Float64Array, *, person: Person, settings: FaceSettings, moment: float | Float64Array = 0.0
) -> Float64Array:
    """Compute the strength of the facial response to an intensity, before it is distributed over action units.

    Parameters
    ----------
    intensity : ndarray of float64
        `Intensity.face`.
    person : Person
    settings : FaceSettings
    moment : float or ndarray
        Time in the session, 0 to 1; responses decrease with it.
    """
    above = np.maximum(0.0, intensity - person.threshold) ** settings.exponent
    return np.asarray(person.expressiveness * np.exp(-person.habituation * moment) * above, dtype=np.float64)


def draw_courses(rng: np.random.Generator, settings: FaceSettings, *, n: int) -> Float64Array:
    """Draw the times of responses: onset, rise, hold and decay in seconds, shape (n, 4)."""
    limits = np.array([settings.onset_s, settings.rise_s, settings.hold_s, settings.decay_s])
    return np.asarray(limits[:, 0] + (limits[:, 1] - limits[:, 0]) * rng.random((n, 4)), dtype=np.float64)


def compute_course(times: Float64Array, settings: FaceSettings) -> Float64Array:
    """Compute the time course of each pain action unit, 0 to 1.

    Parameters
    ----------
    times : ndarray of float64, shape (n, 4)
        From `draw_courses`.
    settings : FaceSettings

    Returns
    -------
    ndarray of float64, shape (n, 6, N_FRAMES)
    """
    onset_s, rise_s, hold_s, decay_s = (times[:, column, None, None] for column in range(4))
    since_s = FRAME_TIMES_S - onset_s - AU_LAGS_S[:, None]
    decayed = smooth_step((since_s - rise_s - hold_s) / decay_s)
    return smooth_step(since_s / rise_s) * (1.0 - settings.decay_depth * decayed)


def simulate_face(
    rng: np.random.Generator, person: Person, *, intensity: float, settings: FaceSettings, moment: float = 0.0
) -> FaceResponse:
    """Simulate the pain action units of a trial: delay, rise, hold, partial decay.

    Parameters
    ----------
    rng : Generator
        The trial's own stream.
    person : Person
    intensity : float
        `Intensity.face`.
    settings : FaceSettings
    moment : float
        Time in the session, 0 to 1.
    """
    shown = float(shown_strength(np.array(intensity), person=person, settings=settings, moment=moment))
    shown += settings.spontaneous * float(rng.standard_exponential())
    # distribution over the units, which varies from trial to trial
    share = person.au_pattern * np.exp(settings.trial_pattern_sd * rng.standard_normal(len(PAIN_AUS)))
    times = draw_courses(rng, settings, n=1)
    rest = person.au_rest[:, None]
    # pain adds to rest within the remaining range: 1 is the strongest contraction
    rise = np.minimum(1.0, shown * share)[:, None] * compute_course(times, settings)[0]
    return FaceResponse(rest + (1.0 - rest) * rise, float(times[0, 0]))


def simulate_heart(
    rng: np.random.Generator, person: Person, *, intensity: float, settings: HeartSettings
) -> HeartResponse:
    """Simulate the heart rate of a trial (response, breathing, Mayer wave) and its beats.

    Parameters
    ----------
    rng : Generator
        The trial's own stream.
    person : Person
    intensity : float
        `Intensity.heart`.
    settings : HeartSettings
    """
    times_s = _HEART_TIMES_S
    # resting rate of this trial, response, breathing, Mayer wave
    level_bpm = person.baseline_bpm + settings.baseline_trial_sd_bpm * rng.standard_normal()
    onset_s, rise_s = uniform(rng, settings.onset_s), uniform(rng, settings.rise_s)
    swings = rng.standard_normal(4) / _ROOT_2
    breath, slow = (2.0 * np.pi * rate_hz * times_s for rate_hz in (person.respiration_hz, MAYER_HZ))
    curve = (
        level_bpm
        + person.heart_gain_bpm * intensity * smooth_step((times_s - onset_s) / rise_s)
        + person.respiration_bpm * (swings[0] * np.sin(breath) + swings[1] * np.cos(breath))
        + person.slow_bpm * (swings[2] * np.sin(slow) + swings[3] * np.cos(slow))
    )
    curve = np.clip(curve, *HEART_RATE_LIMITS_BPM)
    beats_s = compute_beat_times(curve, _HEART_FS_HZ, phase=rng.random(), start_s=-PAD_S)
    # jitter of single beats, which the curve does not contain
    jitter_s = settings.jitter_ms / 1e3 * np.clip(rng.standard_normal(len(beats_s)), -3.0, 3.0)
    beats_s = beats_s + jitter_s
    if person.fibrillation is not None:
        return _fibrillate(rng, times_s, curve, beats_s, person.ectopy)
    moved_s, kinds = place_ectopic_beats(rng, beats_s, ectopy=person.ectopy)
    return HeartResponse(times_s=times_s, heart_rate_bpm=curve, beat_times_s=moved_s, ectopic=kinds)


def _fibrillate(
    rng: np.random.Generator, times_s: Float64Array, curve_bpm: Float64Array, beats_s: Float64Array, ectopy: Ectopy
) -> HeartResponse:
    """Replace regular beats by irregular ones with the same mean rate."""
    # more beats, so that long intervals do not end before the curve does
    beats_s = np.concatenate([beats_s, beats_s[-1] + (beats_s[-1] - beats_s[-2]) * np.arange(1, _MORE_BEATS)])
    number = np.arange(len(beats_s))
    place = draw_irregular_places(rng, len(beats_s) + _MORE_BEATS)
    irregular_s = np.interp(place[place <= number[-1]], number, beats_s)
    moved_s, kinds = place_ectopic_beats(rng, irregular_s, ectopy=ectopy)
    kinds[kinds == NORMAL] = IRREGULAR
    return HeartResponse(
        times_s=times_s,
        heart_rate_bpm=curve_bpm,
        beat_times_s=moved_s,
        ectopic=kinds,
        atrial_cycles=float(rng.random()),
    )
