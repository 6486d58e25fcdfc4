"""The ideal observer: Bayesian inference of the stimulus level with the simulator itself as the model.

Input: trials at feature level. Output: the log-likelihood of each stimulus level. `IdealObserver` explains the method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, logsumexp, ndtri

from ecg_facial.errors import SettingsError
from ecg_facial.labels import PainLevel
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.heart.ectopic import NORMAL
from ecg_facial.simulate.observer.face_likelihood import FaceLikelihood
from ecg_facial.simulate.observer.heart_likelihood import HeartLikelihood
from ecg_facial.simulate.people.population import SimulatedTrial
from ecg_facial.simulate.people.response import Person, sample_person
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.presets import Preset

_AGES_YEARS = (20, 65)
# nodes of the felt intensity of a level, where it varies: quantiles of equal weight
_FELT_NODES = 9


@dataclass(frozen=True, kw_only=True)
class ObserverSettings:
    """Measurement noise of the observer, and accuracy of its integrals.

    Attributes
    ----------
    au_noise_sd : float
        Measurement noise of each action unit (0 to 1) at each frame.
    beat_jitter_ms : float
        Measurement jitter of each beat time (standard deviation).
    n_people, n_courses : int
        Monte Carlo draws of people and of response times.
    seed : int
        Seed of noise, jitter and draws.

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    au_noise_sd: float = 0.05
    beat_jitter_ms: float = 2.0
    n_people: int = 2000
    n_courses: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0.005 <= self.au_noise_sd <= 1 and 0.1 <= self.beat_jitter_ms <= 100):
            raise SettingsError(f"{self}: expected au_noise_sd of 0.005 to 1 and beat_jitter_ms of 0.1 to 100")
        if min(self.n_people, self.n_courses) < 1:
            raise SettingsError(f"{self}: expected 1 or more draws of people and of courses")


@dataclass(frozen=True, eq=False, kw_only=True)
class LevelLikelihoods:
    """Log-likelihood of each level, shape (n_trials, n_levels), given the face, the heart, or both."""

    face: Float64Array
    heart: Float64Array
    both: Float64Array

    def posteriors(self, levels: Sequence[int]) -> dict[str, Float64Array]:
        """Posterior of some levels with equal priors, by name of the model: ``facial``, ``ecg``, ``fusion``."""
        seen = {"facial": self.face, "ecg": self.heart, "fusion": self.both}
        chosen = list(levels)
        return {name: np.exp(log_softmax(values[:, chosen], axis=1)) for name, values in seen.items()}


class IdealObserver:
    """Ideal observer of one population, or of one person.

    Parameters
    ----------
    preset : Preset
        The population.
    settings : ObserverSettings
    person : Person, optional
        A person whose parameters the observer knows: the ceiling for methods that calibrate to a person.

    Notes
    -----
    The observer knows the population and the generator, but not the person. It measures the pain action units at 25
    frames per second with noise, and the beat times with jitter. It is told the nuisances (blinks, smiles, motion of
    the mouth) and which beats are ectopic, which can only help. So the accuracy of its largest posterior is an upper
    bound for methods with the same measurement errors or larger ones.

    The likelihood of a level is an integral over all that is unknown:

    1. The felt intensity: one value per level, or nine quantiles if it varies (`Preset.shared_sd`).
    2. The person: 2,000 draws from `response.sample_person`.
    3. The noise of the trial (what face and heart respond to): stratified draws for each person, the same for all
       levels, so that differences between levels have little Monte Carlo error.
    4. The times of the response (onset, rise, hold, decay) and the breathing: 128 draws.
    5. Given these, the rest is Gaussian or has one dimension, and is integrated exactly or on a grid (Rao-Blackwell):
       amplitudes of the action units (`FaceLikelihood`); resting rate, breathing, Mayer wave, jitter and size of the
       heart's response (`HeartLikelihood`).

    Face and heart are independent given the felt intensity, so their log-likelihoods add. Approximations: the units at
    rest are estimated from the frames before any response instead of integrated; runs of premature beats, fibrillation
    and abnormal conduction are not modelled (`presets.CLINICAL` has no ceiling).
    """

    def __init__(self, preset: Preset, settings: ObserverSettings, *, person: Person | None = None) -> None:
        self._settings = settings
        people = [person] if person is not None else draw_people(preset, settings)
        rng = make_rng(settings.seed, "observer", "courses")
        self._face = FaceLikelihood(preset.face, people, settings.au_noise_sd, rng, n_courses=settings.n_courses)
        self._heart = HeartLikelihood(preset.heart, people, settings.beat_jitter_ms, rng, n_courses=settings.n_courses)
        self._felt, self._weights = felt_nodes(preset)

    def compute_likelihoods(self, trials: Sequence[SimulatedTrial]) -> LevelLikelihoods:
        """Compute the likelihoods of trials; the noise of each depends on that trial only."""
        face = self._face.log_likelihoods(
            np.stack([self._observe_face(trial) for trial in trials]),
            self._felt.ravel(),
            moments=np.array([trial.plan.moment for trial in trials]),
        ).reshape(-1, *self._felt.shape)
        heart = self._heart.log_likelihoods([self._observe_heart(trial) for trial in trials], self._felt.ravel())
        heart = heart.reshape(-1, *self._felt.shape)
        # sum over the nodes of the felt intensity
        log_weights = np.log(self._weights)
        of_face, of_heart, of_both = (logsumexp(values + log_weights, axis=2) for values in (face, heart, face + heart))
        return LevelLikelihoods(face=of_face, heart=of_heart, both=of_both)

    def _rng(self, trial: SimulatedTrial, what: str) -> np.random.Generator:
        plan = trial.plan
        return make_rng(self._settings.seed, "observer", plan.subject_index, int(plan.level), plan.repeat, what)

    def _observe_face(self, trial: SimulatedTrial) -> Float64Array:
        shown = trial.face.action_units
        return shown + self._settings.au_noise_sd * self._rng(trial, "face").standard_normal(shown.shape)

    def _observe_heart(self, trial: SimulatedTrial) -> Float64Array:
        """Measure the intervals between regular beats, with jitter: begin and end of each."""
        beats_s = trial.heart.trial_beat_times_s
        seen_s = beats_s + self._settings.beat_jitter_ms / 1e3 * self._rng(trial, "heart").standard_normal(len(beats_s))
        normal = trial.heart.trial_ectopic == NORMAL
        return np.asarray(np.stack([seen_s[:-1], seen_s[1:]], axis=1)[normal[:-1] & normal[1:]], dtype=np.float64)


def draw_people(preset: Preset, settings: ObserverSettings) -> list[Person]:
    """Draw people from a population, evenly over both sexes and all ages."""
    people = []
    for number in range(settings.n_people):
        rng = make_rng(settings.seed, "observer", "person", number)
        age_years = int(rng.integers(_AGES_YEARS[0], _AGES_YEARS[1] + 1))
        people.append(sample_person(rng, preset, sex="w" if number % 2 else "m", age_years=age_years))
    return people


def felt_nodes(preset: Preset) -> tuple[Float64Array, Float64Array]:
    """Compute nodes (n_levels, n_nodes) of each level's distribution of felt intensity, and weights (n_nodes,)."""
    means = np.array([preset.stimulus[int(level)] for level in PainLevel])[:, None]
    if preset.shared_sd == 0:
        return means, np.ones(1)
    shares = (np.arange(_FELT_NODES) + 0.5) / _FELT_NODES
    return means + preset.shared_sd * ndtri(shares), np.full(_FELT_NODES, 1 / _FELT_NODES)
