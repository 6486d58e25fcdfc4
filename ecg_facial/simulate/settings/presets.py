"""Difficulty presets: the parameters of people, responses, nuisances and recordings of a simulated cohort.

Input: nothing. Output: frozen settings and `get_preset`. A pair ``(low, high)`` is the range of a uniform distribution;
``_sd`` is a standard deviation; intensities are relative to the strongest stimulus (1). `docs/simulator.md` compares
the presets with published data.
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
    """Responses of faces to pain.

    Attributes
    ----------
    intensity_sd : float
        Spread over trials of the intensity that the face responds to, independent of the heart's.
    silent_share : tuple of float, length 3
        Share of people of each age group (to 35, 36 to 50, from 51 years) whose face shows no response.
    threshold : (low, high)
        Per person: intensity below which the face does not respond.
    expressiveness, expressiveness_sd : float
        Per person: strength of the response above the threshold; median and log-normal spread over people.
    habituation : (low, high)
        Per person: natural logarithm of the factor by which responses decrease until the end of the session.
    exponent : float
        Strength is ``expressiveness * (intensity - threshold) ** exponent``; below 1, weak pain is visible early.
    spontaneous : float
        Mean strength of expressions like those of pain, without pain, in every trial (exponential).
    pattern_sd, trial_pattern_sd : float
        Log-normal spread of each action unit's share, between people and between one person's trials.
    rest_sd : float
        Spread over people of each action unit at rest (half-normal): some frown or squint all the time.
    onset_s, rise_s, hold_s, decay_s : (low, high)
        Times of the response after the start of the clip.
    decay_depth : float
        Share of the response that the decay removes.
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
    """Heart rate, and its response to pain.

    Attributes
    ----------
    intensity_sd : float
        Spread over trials of the intensity that the heart responds to, independent of the face's.
    baseline_bpm, baseline_sd_bpm : float
        Resting heart rate: mean and spread over people (normal, limited to 2.5 standard deviations).
    baseline_trial_sd_bpm : float
        Spread of the resting rate over trials.
    gain_bpm, gain_sd_bpm : float
        Change at intensity 1: mean and spread over people (normal); with a large spread some hearts slow down.
    onset_s, rise_s : (low, high)
        Times of the response after the start of the clip; slower than the face.
    respiration_hz, respiration_bpm : (low, high)
        Per person: rate of breathing, and amplitude (peak; RMS over trials) of the heart rate with it.
    slow_bpm : (low, high)
        Per person: the same amplitude of the 0.1 Hz (Mayer) wave.
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
    """Movements of the face that are not pain.

    Attributes
    ----------
    blinks_per_min : (low, high)
        Blink rate, per person.
    blink_s : (low, high)
        Length of a blink's closure.
    smile_share, true_smile_share, speech_share : float
        Share of trials with a smile, of smiles with raised cheeks (AU06), and of trials with motion of the mouth.
    smile, speech : (low, high)
        Strength of AU12 in smiles and AU25 in motion of the mouth.
    speech_jaw : float
        AU26 in motion of the mouth, relative to AU25.
    yawn_share, gaze_share : float
        Share of trials with a yawn, and with glances away from the camera.
    yawn : (low, high)
        Largest strength of AU27 in a yawn.
    yawn_closure : float
        AU43 in a yawn, relative to AU27.
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
    """Camera, head motion, light, room, and a hand in front of the face.

    Attributes
    ----------
    yaw_sd_rad, pitch_sd_rad, roll_sd_rad : float
        Spread of the head's angle between trials; motion within a trial is `motion_share` of it.
    shift_sd : float
        Spread of the head's position, in picture widths.
    zoom_sd : float
        Relative spread of the head's size.
    motion_share : float
        Motion within a trial, relative to the spread between trials.
    light_sd, flicker_sd : float
        Relative spread of brightness between trials, and of its slow change within one.
    light_turn_sd_rad : float
        Spread of the light's direction between trials.
    extra_lamps : (low, high)
        Per person: number of coloured lamps besides the two of every room, 0 to 3.
    lamp_colour_sd : float
        Relative spread of each colour of each lamp between trials.
    lamp_change_sd : float
        Relative slow change of each colour of each lamp within a trial.
    shadow : float
        Strength of the main lamp's shadows, 0 (no shadow) to 1 (none of its light).
    room_share : float
        Share of people in a furnished room; the others sit in front of a plain wall.
    hand_share : float
        Share of trials with a hand in front of the face.
    hand_s : (low, high)
        Time for which it stays there.
    white_balance_sd, exposure_sd : float
        Per trial: relative spread of the camera's gain in each colour, and in all.
    noise : (low, high)
        Per trial: standard deviation of the sensor's noise, in steps of 8-bit values.
    blur_px : (low, high)
        Per trial: standard deviation of the lens's blur at a picture height of 240.
    crf : (low, high)
        Per trial: rate factor of the H.264 encoder, rounded; 23 is x264's default, larger is coarser.
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


# rates of nuisances are estimates: no BioVid recording was available
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
"""People in an hour of heat pain: they look around, yawn and smile at times."""

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
"""Rooms, lamps and cameras that differ as much as between recordings of several laboratories."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """The parameters of a cohort.

    Attributes
    ----------
    name : str
        Name on the command line.
    stimulus : tuple of float, length 5
        Mean intensity of BL1, PA1..PA4.
    shared_sd : float
        Spread over trials of the felt intensity, which face and heart share. With 0 their errors are independent given
        the level.
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
    # tuned with the heart: the reference learner reaches 72.2 % on BL1 vs PA4 and 30.3 % on 5 classes (published with
    # facial descriptors, Werner et al. 2016/17: 72.4 and 30.8)
    face=FaceSettings(
        intensity_sd=0.06,
        # as in BioVid, where 0 of 30, 7 of 29 and 13 of 28 people of these ages show no reaction
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
    # resting hearts of 200 people: RR 924 (90) ms, SDNN 48, RMSSD 41 (Nunan et al. 2010: 926 (90), 50, 42); about one
    # person of 25 slows down with pain
    heart=HeartSettings(
        intensity_sd=0.38,
        baseline_bpm=65.0,
        baseline_sd_bpm=6.4,
        gain_bpm=8.3,
        gain_sd_bpm=4.5,
        # amplitudes that give the published SDNN and RMSSD
        respiration_bpm=(0.8, 4.5),
        slow_bpm=(1.0, 5.8),
        jitter_ms=5.0,
    ),
    nuisance=BIOVID_LIKE_NUISANCE,
    scene=BIOVID_LIKE_SCENE,
    sensors=BIOVID_LIKE_SENSORS,
    ectopic=BIOVID_LIKE_ECTOPIC,
)
"""As difficult as BioVid; `docs/simulator.md` lists the published figures it was fitted to, and the result."""

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

Not in `PRESETS`: the ideal observer does not model runs and fibrillation, so its accuracy is not a ceiling here.
"""

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (Preset(name="clear"), BIOVID_LIKE)}


def get_preset(name: str) -> Preset:
    """Look a preset up by name.

    Raises
    ------
    SettingsError
        When there is no such preset.
    """
    if name not in PRESETS:
        raise SettingsError(f"unknown preset {name!r}: expected one of {', '.join(PRESETS)}")
    return PRESETS[name]
