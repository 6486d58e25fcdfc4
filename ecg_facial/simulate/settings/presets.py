"""How hard a simulated cohort is: every number that shapes people, responses, nuisances and recordings.

Input: nothing. Output: frozen settings and `get_preset`. A pair ``(low, high)`` is the range of a uniform
distribution; ``_sd`` is a standard deviation; intensities are on the scale of the strongest stimulus = 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ecg_facial.errors import SettingsError
from ecg_facial.simulate.settings.sensor_settings import (
    BIOVID_LIKE_ECTOPIC,
    BIOVID_LIKE_SENSORS,
    CLINICAL_CONDUCTION,
    CLINICAL_ECTOPIC,
    ConductionSettings,
    EctopicSettings,
    SensorSettings,
)

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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

    intensity_sd: float = 0.27
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


@dataclass(frozen=True, kw_only=True)
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
    speech_jaw : float
        AU26 of mouth motion, relative to its AU25.
    yawn_share, gaze_share : float
        Share of trials with a yawn, with glances away from the camera.
    yawn : (low, high)
        Strength of AU27 at the yawn's height.
    yawn_closure : float
        AU43 of a yawn, relative to its AU27.
    gaze : (low, high)
        Strength of a glance: AU61 or AU62 sideways, AU63 or AU64 up or down.
    """

    blinks_per_min: Range = (8.0, 24.0)
    blink_s: Range = (0.1, 0.4)
    smile_share: float = 0.1
    true_smile_share: float = 0.5
    smile: Range = (0.15, 0.45)
    speech_share: float = 0.12
    speech: Range = (0.1, 0.35)
    speech_jaw: float = 0.0
    yawn_share: float = 0.0
    yawn: Range = (0.6, 1.0)
    yawn_closure: float = 0.6
    gaze_share: float = 0.0
    gaze: Range = (0.3, 0.9)


@dataclass(frozen=True, kw_only=True)
class SceneSettings:
    """Camera, head motion, light, room, and a hand before the face.

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
    extra_lamps : (low, high)
        Number of coloured lamps besides the two of every room, per person; 0 to 3.
    lamp_colour_sd : float
        Relative spread of each colour of each lamp between trials.
    lamp_change_sd : float
        Relative slow change of each colour of each lamp within a trial.
    shadow : float
        How dark the main lamp's shadows are, 0 (none) to 1 (none of its light).
    room_share : float
        Share of people before a furnished room; the others sit before a plain wall.
    hand_share : float
        Share of trials in which a hand comes before the face.
    hand_s : (low, high)
        How long it stays at its place.
    white_balance_sd, exposure_sd : float
        Relative spread of the camera's gain in each colour, and in all, per trial.
    noise : (low, high)
        Standard deviation of the sensor's noise in steps of 255, per trial.
    blur_px : (low, high)
        Standard deviation of the lens's blur at a picture height of 240, per trial.
    crf : (low, high)
        Rate factor of the H.264 encoder, rounded, per trial; 23 is usual, larger is coarser.
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
    extra_lamps: tuple[int, int] = (0, 0)
    lamp_colour_sd: float = 0.0
    lamp_change_sd: float = 0.0
    shadow: float = 0.0
    room_share: float = 0.0
    hand_share: float = 0.0
    hand_s: Range = (0.6, 2.0)
    white_balance_sd: float = 0.0
    exposure_sd: float = 0.0
    noise: Range = (0.0, 0.0)
    blur_px: Range = (0.0, 0.0)
    crf: Range = (23.0, 23.0)


BIOVID_LIKE_NUISANCE = NuisanceSettings(
    blinks_per_min=(6.0, 34.0),
    smile_share=0.15,
    smile=(0.15, 0.7),
    speech_share=0.15,
    speech=(0.1, 0.5),
    speech_jaw=0.4,
    yawn_share=0.03,
    gaze_share=0.35,
)
"""Habits of people who lie through an hour of heat pain: bored, looking about, at times amused."""

BIOVID_LIKE_SCENE = SceneSettings(
    yaw_sd_rad=0.13,
    pitch_sd_rad=0.08,
    roll_sd_rad=0.05,
    shift_sd=0.02,
    zoom_sd=0.06,
    light_sd=0.12,
    flicker_sd=0.04,
    light_turn_sd_rad=0.45,
    extra_lamps=(0, 3),
    lamp_colour_sd=0.07,
    lamp_change_sd=0.06,
    shadow=0.5,
    room_share=0.8,
    hand_share=0.05,
    white_balance_sd=0.03,
    exposure_sd=0.1,
    noise=(1.0, 6.0),
    blur_px=(0.0, 0.8),
    crf=(20.0, 30.0),
)
"""Rooms, lamps and cameras as they differ between recordings rather than within a laboratory."""


@dataclass(frozen=True, kw_only=True)
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
    conduction: ConductionSettings = field(default_factory=ConductionSettings)


BIOVID_LIKE = Preset(
    name="biovid-like",
    stimulus=(0.0, 0.26, 0.52, 0.77, 1.0),
    face=FaceSettings(
        intensity_sd=0.06,
        # BioVid's own: 0 of 30, 7 of 29 and 13 of 28 people of these ages show no reaction
        silent_share=(0.0, 0.24, 0.46),
        threshold=(0.25, 0.6),
        expressiveness=0.43,
        expressiveness_sd=0.5,
        habituation=(0.0, 0.4),
        exponent=1.0,
        spontaneous=0.155,
        pattern_sd=0.2,
        trial_pattern_sd=0.1,
        rest_sd=0.1,
        onset_s=(1.0, 3.0),
    ),
    heart=HeartSettings(
        intensity_sd=0.38,
        baseline_bpm=65.0,
        baseline_sd_bpm=6.4,
        gain_bpm=8.3,
        gain_sd_bpm=4.5,
        respiration_bpm=(0.8, 4.5),
        slow_bpm=(1.0, 5.8),
        jitter_ms=5.0,
    ),
    nuisance=BIOVID_LIKE_NUISANCE,
    scene=BIOVID_LIKE_SCENE,
    sensors=BIOVID_LIKE_SENSORS,
    ectopic=BIOVID_LIKE_ECTOPIC,
)
"""As hard as BioVid: see docs/simulator.md for what it is set beside, and with what result."""

CLINICAL = replace(
    BIOVID_LIKE,
    name="clinical",
    heart=replace(
        BIOVID_LIKE.heart, baseline_bpm=76.0, baseline_sd_bpm=14.0, respiration_bpm=(0.4, 2.0), slow_bpm=(0.5, 2.5)
    ),
    ectopic=CLINICAL_ECTOPIC,
    conduction=CLINICAL_CONDUCTION,
)
"""Hearts of patients, as in Holter recordings of a hospital, with the faces of `BIOVID_LIKE`.

Not in `PRESETS`: the ideal observer knows neither runs nor fibrillation, so that its accuracy is no ceiling here.
"""

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (Preset(name="clear"), BIOVID_LIKE)}


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
