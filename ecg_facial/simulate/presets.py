"""How hard a simulated cohort is: every number that shapes people, responses, nuisances and recordings.

Enters: nothing. Leaves: frozen settings and `get_preset`. A pair ``(low, high)`` is the range of a uniform
distribution; ``_sd`` is a standard deviation; intensities are on the scale of the strongest stimulus = 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ecg_facial.errors import SettingsError

Range = tuple[float, float]


@dataclass(frozen=True)
class FaceSettings:
    """How faces answer pain.

    Attributes
    ----------
    intensity_sd : float
        Trial-to-trial spread of the intensity that the face shows, apart from that of the heart.
    silent_share : tuple of float, length 3
        Share of people of each age group (to 35, 36 to 50, from 51 years) whose face shows nothing.
    threshold : (low, high)
        Per person: intensity below which nothing shows.
    expressiveness, expressiveness_sd : float
        Per person: scale of what shows above the threshold; median and log-normal spread over people.
    habituation : (low, high)
        Per person: log of the factor by which expressions have shrunk at the end of the session.
    exponent : float
        Shown strength is ``expressiveness * (intensity - threshold) ** exponent``; below 1, faint pain shows early.
    spontaneous : float
        Mean strength of expressions that look like pain and are not, in every trial (exponential).
    pattern_sd, trial_pattern_sd : float
        Log-normal spread of each action unit's share, between people and between one person's trials.
    rest_sd : float
        Spread of each action unit at rest over people, who scowl or squint a little all the time (half-normal).
    onset_s, rise_s, hold_s, decay_s : (low, high)
        Times of the response after the start of the clip.
    decay_depth : float
        Share of the response that is gone after the decay.
    """

    intensity_sd: float = 0.14
    silent_share: tuple[float, float, float] = (0.0, 0.0, 0.0)
    threshold: Range = (0.0, 0.08)
    expressiveness: float = 0.97
    expressiveness_sd: float = 0.08
    habituation: Range = (0.0, 0.0)
    exponent: float = 0.75
    spontaneous: float = 0.0
    pattern_sd: float = 0.15
    trial_pattern_sd: float = 0.06
    rest_sd: float = 0.0
    onset_s: Range = (1.0, 2.6)
    rise_s: Range = (0.4, 1.0)
    hold_s: Range = (2.0, 3.5)
    decay_s: Range = (0.8, 1.5)
    decay_depth: float = 0.6


@dataclass(frozen=True)
class HeartSettings:
    """How hearts beat and answer pain.

    Attributes
    ----------
    intensity_sd : float
        Trial-to-trial spread of the intensity that the heart answers, apart from that of the face.
    baseline_bpm, baseline_sd_bpm : float
        Resting heart rate: mean and spread over people (normal, cut at two and a half spreads).
    baseline_trial_sd_bpm : float
        Wander of the resting rate from trial to trial.
    gain_bpm, gain_sd_bpm : float
        Change at intensity 1: mean and spread over people (normal); where the spread is large, some hearts slow down.
    onset_s, rise_s : (low, high)
        Times of the response after the start of the clip; slower than the face.
    respiration_hz, respiration_bpm : (low, high)
        Rate of breathing, and half the typical heart-rate swing with it, per person; trials differ in it.
    slow_bpm : (low, high)
        Half the typical swing of the 0.1 Hz (Mayer) wave, per person.
    jitter_ms : float
        Beat-to-beat jitter (standard deviation).
    """

    intensity_sd: float = 0.2
    baseline_bpm: float = 75.0
    baseline_sd_bpm: float = 11.0
    baseline_trial_sd_bpm: float = 2.0
    gain_bpm: float = 12.5
    gain_sd_bpm: float = 0.9
    onset_s: Range = (0.4, 1.0)
    rise_s: Range = (2.2, 3.2)
    respiration_hz: Range = (0.2, 0.33)
    respiration_bpm: Range = (0.4, 1.2)
    slow_bpm: Range = (0.2, 0.6)
    jitter_ms: float = 3.0


@dataclass(frozen=True)
class NuisanceSettings:
    """What faces do that is not pain.

    Attributes
    ----------
    blinks_per_min : (low, high)
        Blink rate, per person.
    blink_s : (low, high)
        Length of a blink's closure.
    smile_share, true_smile_share, speech_share : float
        Share of trials with a small smile, of smiles that raise the cheeks (AU06), of trials with mouth motion.
    smile, speech : (low, high)
        Strength of AU12 and AU25 in them.
    """

    blinks_per_min: Range = (8.0, 24.0)
    blink_s: Range = (0.1, 0.4)
    smile_share: float = 0.1
    true_smile_share: float = 0.5
    smile: Range = (0.15, 0.45)
    speech_share: float = 0.12
    speech: Range = (0.1, 0.35)


@dataclass(frozen=True)
class SceneSettings:
    """Camera, head motion and light.

    Attributes
    ----------
    yaw_sd_rad, pitch_sd_rad, roll_sd_rad : float
        Spread of the head's angle between trials; motion within a trial is `motion_share` of it.
    shift_sd : float
        Spread of the head's place in the picture, in picture widths.
    zoom_sd : float
        Relative spread of the head's size.
    motion_share : float
        Motion within a trial, relative to the spread between trials.
    light_sd, flicker_sd : float
        Relative spread of brightness between trials, and of its slow change within one.
    light_turn_sd_rad : float
        Spread of the light's direction between trials.
    """

    yaw_sd_rad: float = 0.07
    pitch_sd_rad: float = 0.05
    roll_sd_rad: float = 0.03
    shift_sd: float = 0.012
    zoom_sd: float = 0.03
    motion_share: float = 0.4
    light_sd: float = 0.08
    flicker_sd: float = 0.03
    light_turn_sd_rad: float = 0.3


@dataclass(frozen=True)
class SensorSettings:
    """What electrodes add: noise, drift and hum in every trial, and artefacts on top, which are in the truth.

    Drift, hum and further noise are in the raw files only; of artefacts, filtered ones hold what 0.5-40 Hz leaves.

    Attributes
    ----------
    noise_uv : (low, high)
        ECG noise below 35 Hz that filtering leaves (standard deviation), per trial.
    raw_noise_uv : (low, high)
        Further white noise of the raw ECG.
    drift_uv : (low, high)
        Amplitude of the slow drift of the raw ECG.
    mains_uv : (low, high)
        Amplitude of the 50 Hz hum of the raw ECG.
    wave_sd, width : float, (low, high)
        Spread between people of the logarithm of each wave's height; factor of all widths and times.
    inverted_share : float
        Share of people whose leads are swapped, so that the ECG is upside down.
    wander_share, wander_uv : float, (low, high)
        Share of trials (of a recording's half minutes) with baseline wander (breathing, settling), and its RMS.
    hum_share, hum_uv : float, (low, high)
        Share of trials with strong 50 Hz hum with its third harmonic, and its RMS.
    muscle_per_min, muscle_s, muscle_uv : float, (low, high), (low, high)
        Bursts of muscle noise: rate, length, RMS.
    muscle_with_pain : float
        Probability that shoulders tense while the face shows pain; the burst's RMS follows AU04.
    motion_per_min, motion_s, motion_uv : float, (low, high), (low, high)
        Motion of the electrodes (steps, slow transients): rate, length, RMS.
    lead_off_per_min, lead_off_s : float, (low, high)
        Intervals without contact: rate, length.
    rail_share, rail_uv : float
        Share of those in which the line rails instead of lying flat, and where the rail is.
    saturation_per_min, saturation_s, saturation_uv : float, (low, high), (low, high)
        Intervals in which the amplifier clips: rate, length, and where it does.
    """

    noise_uv: Range = (3.0, 8.0)
    raw_noise_uv: Range = (5.0, 15.0)
    drift_uv: Range = (80.0, 250.0)
    mains_uv: Range = (10.0, 50.0)
    wave_sd: float = 0.15
    width: Range = (0.92, 1.08)
    inverted_share: float = 0.0
    wander_share: float = 0.0
    wander_uv: Range = (50.0, 250.0)
    hum_share: float = 0.0
    hum_uv: Range = (40.0, 150.0)
    muscle_per_min: float = 0.0
    muscle_s: Range = (0.6, 3.0)
    muscle_uv: Range = (40.0, 160.0)
    muscle_with_pain: float = 0.0
    motion_per_min: float = 0.0
    motion_s: Range = (0.8, 4.0)
    motion_uv: Range = (80.0, 400.0)
    lead_off_per_min: float = 0.0
    lead_off_s: Range = (0.5, 3.0)
    rail_share: float = 0.5
    rail_uv: float = 3200.0
    saturation_per_min: float = 0.0
    saturation_s: Range = (0.5, 2.0)
    saturation_uv: Range = (300.0, 700.0)


BIOVID_LIKE_SENSORS = SensorSettings(
    wave_sd=0.3,
    width=(0.85, 1.2),
    inverted_share=0.05,
    wander_share=0.4,
    hum_share=0.15,
    muscle_per_min=0.6,
    muscle_uv=(40.0, 350.0),
    muscle_with_pain=0.25,
    motion_per_min=0.6,
    motion_uv=(80.0, 1200.0),
    lead_off_per_min=0.12,
    saturation_per_min=0.08,
)
"""A seated person in a laboratory with glued electrodes: most trials clean, few spoilt."""


@dataclass(frozen=True)
class EctopicSettings:
    """Premature beats. A share of people has any; their rates are log-normal, a few a day to several a minute.

    Attributes
    ----------
    ventricular_share, atrial_share : float
        Share of people with premature ventricular, atrial beats.
    median_per_min, log_sd, limit_per_min : float
        Rate among those: median, spread of its natural logarithm, upper limit.
    ventricular_prematurity, atrial_prematurity : (low, high)
        Interval before the premature beat, as a share of the regular one.
    atrial_delay : (low, high)
        How much longer than a regular one the interval after an atrial beat is (the sinus node is reset); after a
        ventricular beat the next regular one comes when it would have come anyway (a compensatory pause).
    """

    ventricular_share: float = 0.0
    atrial_share: float = 0.0
    median_per_min: float = 0.15
    log_sd: float = 1.6
    limit_per_min: float = 8.0
    ventricular_prematurity: Range = (0.55, 0.75)
    atrial_prematurity: Range = (0.6, 0.8)
    atrial_delay: Range = (0.02, 0.12)


BIOVID_LIKE_ECTOPIC = EctopicSettings(ventricular_share=0.2, atrial_share=0.2)
"""Holter recordings of healthy adults: premature beats in most, but over one a minute in one or two of a hundred."""


@dataclass(frozen=True)
class Preset:
    """A whole cohort's settings.

    Attributes
    ----------
    name : str
        The name used on the command line.
    stimulus : tuple of float, length 5
        Mean intensity of BL1, PA1..PA4.
    shared_sd : float
        Trial-to-trial spread of the felt intensity that face and heart have in common. Zero makes their errors
        independent given the level.
    """

    name: str
    stimulus: tuple[float, float, float, float, float] = (0.0, 0.27, 0.54, 0.8, 1.0)
    shared_sd: float = 0.0
    face: FaceSettings = field(default_factory=FaceSettings)
    heart: HeartSettings = field(default_factory=HeartSettings)
    nuisance: NuisanceSettings = field(default_factory=NuisanceSettings)
    scene: SceneSettings = field(default_factory=SceneSettings)
    sensors: SensorSettings = field(default_factory=SensorSettings)
    ectopic: EctopicSettings = field(default_factory=EctopicSettings)


PRESETS: dict[str, Preset] = {"clear": Preset("clear")}


def get_preset(name: str) -> Preset:
    """Look a preset up by name.

    Raises
    ------
    SettingsError
        When there is no preset of that name.
    """
    if name not in PRESETS:
        raise SettingsError(f"unknown preset {name!r}: expected one of {', '.join(PRESETS)}")
    return PRESETS[name]
