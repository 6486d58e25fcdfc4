"""Who is in a simulated cohort, which trials they have, and the trials without pictures.

Input: cohort settings. Output: subjects, trial plans, and trials at feature level (action-unit curves and beat
times), each a function of the seed and its own place alone. `cohort` turns the same trials into files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ecg_facial.labels import REST_CODE, PainLevel
from ecg_facial.recording import Subject
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.people.nuisance import combine_action_units, simulate_nuisance
from ecg_facial.simulate.people.response import (
    N_RANKS,
    FaceResponse,
    HeartResponse,
    Intensity,
    Person,
    Sex,
    sample_intensity,
    sample_person,
    simulate_face,
    simulate_heart,
)
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.cohort_settings import BIOVID_TRIALS_PER_LEVEL, CohortSettings
from ecg_facial.simulate.settings.presets import get_preset

GENERATOR_VERSION = 7
"""Raise it with every change that alters the output: files of two versions never mix."""

Place = Literal["trial", "rest", "gap"]
_DAYS_PER_MONTH, _MONTHS, _FIRST_HOUR = 28, 6, 8
# BioVid's three age groups.
_AGE_GROUPS = ((20, 35), (36, 50), (51, 65))
# Quadratic irrationals are far from every fraction, so that their multiples spread evenly; one for each rank.
_RANK_STEPS = np.sqrt([5.0, 2.0, 3.0, 7.0]) * (0.5, 1.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class TrialPlan:
    """Which trial of whom, or which stretch without stimulus.

    Attributes
    ----------
    subject_index : int
        From 0.
    subject : Subject
    level : PainLevel
    repeat : int
        From 0 within the level.
    moment : float
        When in the person's session, 0 at its beginning to 1 at its end; trials sorted by it are the session's order.
    place : {"trial", "rest", "gap"}
        A scored trial, a rest clip before the first trial, or a stretch between the trials of a whole session. Nothing
        is applied in the last two: their level is BL1, and their random streams are their own.
    """

    subject_index: int
    subject: Subject
    level: PainLevel
    repeat: int
    moment: float
    place: Place = "trial"

    @property
    def code(self) -> str:
        """Level code as tables spell it; `labels.REST_CODE` for what is not a scored trial."""
        return self.level.name if self.place == "trial" else REST_CODE

    @property
    def name(self) -> str:
        """Sample name in BioVid's numbering: PA1 from 001, PA2 from 021, ..., BL1 from 081; rest clips from 001."""
        if self.place != "trial":
            return f"{self.subject.id}-{self.code}-{self.repeat + 1:03d}"
        block = (int(self.level) - 1) % len(PainLevel)
        return f"{self.subject.id}-{self.level.name}-{block * BIOVID_TRIALS_PER_LEVEL + self.repeat + 1:03d}"


@dataclass(frozen=True, eq=False, kw_only=True)
class SimulatedTrial:
    """A trial at feature level: the truth that its files are made from.

    Attributes
    ----------
    plan : TrialPlan
    person : Person
    intensity : Intensity
    action_units : ndarray of float64, shape (15, N_FRAMES)
        `nuisance.ACTION_UNITS` at 25 fps, 0..1.
    face : FaceResponse
    heart : HeartResponse
    """

    plan: TrialPlan
    person: Person
    intensity: Intensity
    action_units: Float64Array
    face: FaceResponse
    heart: HeartResponse


def trial_rng(settings: CohortSettings, plan: TrialPlan, *, purpose: str) -> np.random.Generator:
    """Stream of one purpose in one trial, the same whatever other trials there are."""
    path = ("cohort", plan.subject_index, plan.place, int(plan.level), plan.repeat, purpose)
    return make_rng(settings.seed, *path)


def sample_subject(settings: CohortSettings, index: int) -> Subject:
    """Name, sex and age of a subject.

    Names have BioVid's form ``<id>_<m|w>_<age>``. Ids count days and hours from January to June: BioVid's own lie
    in the second half of the year, so that no simulated person bears a real one's name. Sexes alternate and age
    groups rotate, so that every cohort is balanced.
    """
    rng = make_rng(settings.seed, "cohort", index, "subject")
    sex: Sex = "w" if index % 2 else "m"
    low, high = _AGE_GROUPS[(index // 2) % len(_AGE_GROUPS)]
    age_years = int(rng.integers(low, high + 1))
    hour, day = divmod(index, _DAYS_PER_MONTH * _MONTHS)
    month, day_of_month = divmod(day, _DAYS_PER_MONTH)
    return Subject(
        id=f"{month + 1:02d}{day_of_month + 1:02d}{hour + _FIRST_HOUR:02d}_{sex}_{age_years}",
        sex=sex,
        age_years=age_years,
    )


def sample_cohort_person(settings: CohortSettings, index: int) -> Person:
    """How a subject of the cohort responds."""
    subject = sample_subject(settings, index)
    rng = make_rng(settings.seed, "cohort", index, "person")
    sex: Sex = subject.sex or "w"
    return sample_person(
        rng, get_preset(settings.preset), sex=sex, age_years=subject.age_years or 0, ranks=rank_person(settings, index)
    )


def rank_person(settings: CohortSettings, index: int) -> Float64Array:
    """Ranks of a subject for `sample_person`: evenly spread in every age group, whatever the cohort's size.

    Cohorts of 87 people drawn freely differ by 5 points in what can be reached on them, mostly by how many of them
    happen to be silent. An additive recurrence from a drawn start keeps the marginal distribution and evens that out.

    References
    ----------
    .. [1] Niederreiter, "Random Number Generation and Quasi-Monte Carlo Methods", SIAM 1992, chapter 3 (Kronecker
       sequences).
    """
    in_block, group = divmod(index // 2, len(_AGE_GROUPS))
    start = make_rng(settings.seed, "cohort", "ranks", group).random(N_RANKS)
    return np.asarray((start + (2 * in_block + index % 2) * _RANK_STEPS) % 1.0, dtype=np.float64)


def plan_trials(settings: CohortSettings, index: int) -> tuple[TrialPlan, ...]:
    """All trials of a subject, by level and then by repeat."""
    subject = sample_subject(settings, index)

    def moment(level: PainLevel, repeat: int) -> float:
        return make_rng(settings.seed, "cohort", index, "trial", int(level), repeat, "moment").random()

    return tuple(
        TrialPlan(subject_index=index, subject=subject, level=level, repeat=repeat, moment=moment(level, repeat))
        for level in settings.levels
        for repeat in range(settings.trials_per_level)
    )


def plan_rest(settings: CohortSettings, index: int, *, n_clips: int | None = None) -> tuple[TrialPlan, ...]:
    """Rest clips of a subject, before the first trial; as many as the settings say unless told otherwise."""
    subject = sample_subject(settings, index)
    count = settings.rest if n_clips is None else n_clips
    return tuple(
        TrialPlan(subject_index=index, subject=subject, level=PainLevel.BL1, repeat=repeat, moment=0.0, place="rest")
        for repeat in range(count)
    )


def simulate_trial(settings: CohortSettings, plan: TrialPlan, *, person: Person) -> SimulatedTrial:
    """One trial at feature level."""
    preset = get_preset(settings.preset)
    rng = trial_rng(settings, plan, purpose="response")
    intensity = sample_intensity(rng, preset, level=plan.level)
    face = simulate_face(rng, person, intensity=intensity.face, settings=preset.face, moment=plan.moment)
    heart = simulate_heart(rng, person, intensity=intensity.heart, settings=preset.heart)
    nuisance_rng = trial_rng(settings, plan, purpose="nuisance")
    nuisance = simulate_nuisance(nuisance_rng, preset.nuisance, blinks_per_s=person.blinks_per_s)
    return SimulatedTrial(
        plan=plan,
        person=person,
        intensity=intensity,
        action_units=combine_action_units(face, nuisance),
        face=face,
        heart=heart,
    )


def simulate_rest(settings: CohortSettings, *, subjects: range | None = None) -> Iterator[SimulatedTrial]:
    """Go through a cohort's rest clips, as `simulate_features` does through its trials."""
    for index in range(settings.n_subjects) if subjects is None else subjects:
        person = sample_cohort_person(settings, index)
        for plan in plan_rest(settings, index):
            yield simulate_trial(settings, plan, person=person)


def simulate_features(settings: CohortSettings, *, subjects: range | None = None) -> Iterator[SimulatedTrial]:
    """Go through a cohort's trials without drawing or writing anything.

    Parameters
    ----------
    settings : CohortSettings
        The cohort.
    subjects : range, optional
        Indices of the subjects; all by default.

    Yields
    ------
    SimulatedTrial
        The same trials, in the same order, as `cohort.simulate_cohort` writes.
    """
    for index in range(settings.n_subjects) if subjects is None else subjects:
        person = sample_cohort_person(settings, index)
        for plan in plan_trials(settings, index):
            yield simulate_trial(settings, plan, person=person)
