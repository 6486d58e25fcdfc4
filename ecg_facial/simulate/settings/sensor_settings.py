"""Parameters of noise, artefacts, premature beats and abnormal conduction; part of a preset.

Input: nothing. Output: frozen settings, and their values for the presets ``biovid-like`` and ``clinical``. Conventions
as in `presets`.
"""

from __future__ import annotations

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class SensorSettings:
    """Noise, drift and hum of every trial, and artefacts, which are in the truth.

    Drift, hum and white noise are in raw files only; filtered files hold the artefacts between 0.5 and 40 Hz.

    Attributes
    ----------
    noise_uv : (low, high)
        Per trial: standard deviation of the noise below 35 Hz, also in filtered files.
    raw_noise_uv : (low, high)
        White noise of the raw ECG.
    drift_uv : (low, high)
        Amplitude of the slow drift of the raw ECG.
    mains_uv : (low, high)
        Amplitude of the 50 Hz hum of the raw ECG.
    wave_sd, width : float, (low, high)
        Spread over people of the logarithm of each wave's height; factor of all widths and times.
    inverted_share : float
        Share of people with swapped leads, whose ECG is inverted.
    wander_share, wander_uv : float, (low, high)
        Share of trials (in recordings: of half minutes) with baseline wander, and its RMS.
    hum_share, hum_uv : float, (low, high)
        Share of trials with strong 50 Hz hum and its third harmonic, and its RMS.
    muscle_per_min, muscle_s, muscle_uv : float, (low, high), (low, high)
        Bursts of muscle noise: rate, length, RMS.
    muscle_with_pain : float
        Probability of muscle noise while the face shows pain; its RMS is proportional to AU04.
    motion_per_min, motion_s, motion_uv : float, (low, high), (low, high)
        Motion of the electrodes (steps, slow transients): rate, length, RMS.
    lead_off_per_min, lead_off_s : float, (low, high)
        Intervals without contact: rate, length.
    rail_share, rail_uv : float
        Share of these at the amplifier's limit instead of zero, and that limit.
    saturation_per_min, saturation_s, saturation_uv : float, (low, high), (low, high)
        Intervals in which the amplifier clips: rate, length, and level of clipping.
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


# rates of artefacts are estimates: no BioVid recording was available
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
"""A seated person in a laboratory with adhesive electrodes: most trials are clean."""


@dataclass(frozen=True, kw_only=True)
class EctopicSettings:
    """Premature beats: a share of people has them, with log-normal rates from a few per day to several per minute.

    Attributes
    ----------
    ventricular_share, atrial_share : float
        Share of people with premature ventricular, atrial beats.
    median_per_min, log_sd, limit_per_min : float
        Rate of these people: median, spread of the natural logarithm, upper limit.
    ventricular_prematurity, atrial_prematurity : (low, high)
        Interval before the premature beat, in regular intervals.
    atrial_delay : (low, high)
        Interval after an atrial beat minus a regular one, in regular intervals (the beat resets the sinus node). After
        a ventricular beat the next regular one is on time (compensatory pause).
    couplet_share, run_share : float
        Share of premature beats that start a couplet (two), and a run (three to eight).
    run_interval, run_pause : (low, high)
        Interval between beats of a couplet or run, and interval after it minus a regular one, in regular intervals.
    bigeminy_share : float
        Share of trials in which every second or third beat is ventricular, for people with more than
        `ectopic.FREQUENT_PER_MIN` ventricular beats.
    """

    ventricular_share: float = 0.0
    atrial_share: float = 0.0
    median_per_min: float = 0.15
    log_sd: float = 1.6
    limit_per_min: float = 8.0
    ventricular_prematurity: Range = (0.55, 0.75)
    atrial_prematurity: Range = (0.6, 0.8)
    atrial_delay: Range = (0.02, 0.12)
    couplet_share: float = 0.0
    run_share: float = 0.0
    run_interval: Range = (0.45, 0.75)
    run_pause: Range = (0.1, 0.5)
    bigeminy_share: float = 0.0


BIOVID_LIKE_ECTOPIC = EctopicSettings(ventricular_share=0.2, atrial_share=0.2)
"""As in Holter recordings of healthy adults: many have premature beats, but 1 to 2 % more than one per minute."""

CLINICAL_ECTOPIC = EctopicSettings(
    ventricular_share=0.75,
    atrial_share=0.45,
    median_per_min=1.5,
    limit_per_min=30.0,
    couplet_share=0.05,
    run_share=0.02,
    bigeminy_share=0.12,
)
"""As in 24 records of the MIT-BIH Arrhythmia Database, by its annotations: ventricular beats in 19 of them, more than
three per minute in 9, which spend 13 % of their time in bigeminy or trigeminy."""


@dataclass(frozen=True, kw_only=True)
class ConductionSettings:
    """Shares of people with abnormal conduction; all others conduct normally.

    Attributes
    ----------
    left_block_share, right_block_share : float
        Left and right bundle-branch block.
    biphasic_share : float
        QRS axis perpendicular to the lead: small complexes of both polarities, P waves almost as high.
    strain_share, tall_t_share : float
        Strain: a depressed ST segment with an inverted T wave; and T waves almost as high as R.
    fibrillation_share : float
        Atrial fibrillation, with any shape of the complexes.
    """

    left_block_share: float = 0.0
    right_block_share: float = 0.0
    biphasic_share: float = 0.0
    strain_share: float = 0.0
    tall_t_share: float = 0.0
    fibrillation_share: float = 0.0


CLINICAL_CONDUCTION = ConductionSettings(
    left_block_share=0.08,
    right_block_share=0.08,
    biphasic_share=0.05,
    strain_share=0.2,
    tall_t_share=0.08,
    fibrillation_share=0.06,
)
"""As in the same 24 records: left block in two (109, 207), right block in two (118, 124), small complexes of both
polarities in one (108); by eye, strain in five and high T waves in two; 5 % of the time in atrial fibrillation."""
