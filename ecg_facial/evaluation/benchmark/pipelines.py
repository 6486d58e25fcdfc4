"""What the benchmark asks of a method, and the calibration that each of our methods goes through after its fit.

Input: the inner parts of a fold. Output: logits of any trials, and fingerprints of everything that was fitted. A method
is a `Pipeline`. Whatever a method does before the folds belongs in its `Factory`, so that the audit can repeat it on
altered data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from torch import nn

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.trial_set import Parts, TrialSet
from ecg_facial.evaluation.statistics.calibration import choose_temperature
from ecg_facial.inference.calibration import Temperature
from ecg_facial.inference.fusion import is_present
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import sha256_bytes, sha256_json
from ecg_facial.runtime.typing import BoolArray, Float64Array, Int64Array


class Fitted(Protocol):
    """A method after its fit on one fold.

    Logits are finite. A method that by design gives some trials no answer (it has nothing to look at, or declines what
    it is not sure of) has an attribute ``abstains = True``, and gives such a trial a whole row of NaN. Such trials are
    counted apart. Without that attribute NaN is an error, since it is what a broken method gives.
    """

    def predict(self, trials: TrialSet, /) -> Mapping[str, Float64Array]:
        """Logits (n, n_classes) by model; rows of NaN where a method that abstains gives no answer."""

    def fingerprint(self) -> Mapping[str, str]:
        """SHA-256 of each fitted part: weights, scalers, fusion weights, temperatures, epochs, settings."""

    def details(self) -> Mapping[str, Any]:
        """JSON-able figures of the fit, for people to read; may be empty.

        The key ``temperatures`` is reserved for a mapping of model to `Temperature`, as JSON.
        """


class Pipeline(Protocol):
    """A method. It must be picklable if folds run in processes, and must keep nothing from one fit to the next."""

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that `Fitted.predict` gives, as in `predictions.csv`."""

    def describe(self) -> Mapping[str, Any]:
        """JSON-able settings: a run folder of other settings is refused."""

    def fit(self, parts: Parts, /, *, seed: int, folder: Path | None = None) -> Fitted:
        """Fit on the inner parts of a fold; `folder` may hold checkpoints meanwhile."""


class Learner(Protocol):
    """The part of a method before calibration: fit on one part, choose the epoch by another."""

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models."""

    def describe(self) -> Mapping[str, Any]:
        """JSON-able settings."""

    def fit(self, train: TrialSet, stopping: TrialSet, /, *, seed: int, folder: Path | None = None) -> Fitted:
        """Fit; `stopping` may be empty."""


@runtime_checkable
class RefittingLearner(Learner, Protocol):
    """A learner that can be fitted once more on all inner subjects, as the settings may ask for."""

    def refit(self, everybody: TrialSet, fitted: Any, /, *, seed: int, folder: Path | None = None) -> Fitted:
        """Fit once more, with what `fitted` (of `fit`) chose, such as its epochs."""


Factory: TypeAlias = Callable[[TrialSet], Pipeline]
"""Makes a pipeline before the folds. It is handed ALL trials with labels, and must not learn from them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class HeldOut:
    """Logits of inner trials whose subjects took no part in the fit of the models that gave them.

    Attributes
    ----------
    labels : ndarray of int, shape (n,)
    subjects : tuple of str, length n
    logits : mapping of str to ndarray, shape (n, n_classes)
    """

    labels: Int64Array
    subjects: tuple[str, ...]
    logits: Mapping[str, Float64Array]


class Combiner(Protocol):
    """Makes one more model out of the learner's models, such as their fusion."""

    @property
    def name(self) -> str:
        """Name of the model that it makes."""

    def describe(self) -> Mapping[str, Any]:
        """JSON-able settings."""

    def fit(self, held_out: HeldOut, /) -> Combiner:
        """Fit whatever it has to fit; itself if that is nothing."""

    def combine(self, logits: Mapping[str, Float64Array], /) -> Float64Array:
        """Logits of the new model from the models' own, before any temperature."""

    def is_own(self, logits: Mapping[str, Float64Array], /) -> BoolArray:
        """Trials (n,) on which it does more than repeat one of the models: its temperature is fitted on these."""

    def calibrate(self, logits: Mapping[str, Float64Array], temperatures: Mapping[str, Temperature], /) -> Float64Array:
        """Calibrated logits of the new model from the models' own, and the temperatures of them and of itself."""


@dataclass(frozen=True)
class CalibratedPipeline:
    """A learner, combinations of its models, and a temperature for each model.

    The learner is fitted on the ``train`` part and chooses its epoch on ``stopping``. Combinations and temperatures are
    fitted on its logits of the ``calibration`` part. With cross-fitting they are fitted on the out-of-fold logits of
    all inner subjects, and the learner that predicts is fitted again on all inner subjects but the stopping part.
    Where the parts ask for it, the learner that predicts is then fitted once more on all inner subjects. Without
    anybody to calibrate the combinations stay at their default. Where the trials cannot tell a temperature
    (`choose_temperature`), it is 1, with the reason. Temperatures change no decision.

    Attributes
    ----------
    learner : Learner
    combiners : tuple of Combiner
    """

    learner: Learner
    combiners: tuple[Combiner, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """The learner's models, and the combined ones."""
        return (*self.learner.models, *(combiner.name for combiner in self.combiners))

    def describe(self) -> Mapping[str, Any]:
        """Give the settings of learner and combiners."""
        return {"learner": dict(self.learner.describe()), "combiners": _describe(self.combiners)}

    def fit(self, parts: Parts, /, *, seed: int, folder: Path | None = None) -> FittedPipeline:
        """Fit on the inner parts of a fold."""
        fitted = self.learner.fit(parts.train, parts.stopping, seed=seed, folder=folder)
        held_out = self._predict_held_out(parts, fitted, seed=seed, folder=folder)
        combiners = self.combiners
        if len(held_out.labels):
            combiners = tuple(combiner.fit(held_out) for combiner in combiners)
        raw = _combine(held_out.logits, combiners)
        used = {model: is_present(values) for model, values in raw.items()}
        used |= {combiner.name: combiner.is_own(raw) for combiner in combiners}
        temperatures = {model: _choose(raw[model], used[model], held_out=held_out) for model in self.models}
        if parts.refit:
            everybody = parts.train.join(parts.stopping, parts.calibration)
            fitted = _refit(self.learner, everybody, fitted, seed=seed, folder=folder and folder / "refit")
        return FittedPipeline(
            learned=fitted,
            combiners=combiners,
            temperatures=temperatures,
            held_out=_calibrate(raw, combiners, temperatures),
            settings_sha256=sha256_json(dict(self.describe())),
        )

    def _predict_held_out(self, parts: Parts, fitted: Fitted, *, seed: int, folder: Path | None) -> HeldOut:
        """Predict the calibration part; with cross-fitting each inner fold by a learner of its own."""
        if not parts.crossfit:
            sets = [(parts.calibration, fitted)]
        else:
            sets = [
                (
                    inner.calibration,
                    self.learner.fit(
                        inner.train, inner.stopping, seed=seed, folder=folder and folder / f"inner-{number}"
                    ),
                )
                for number, inner in enumerate(parts.crossfit)
            ]
        sets = [(trials, learned) for trials, learned in sets if len(trials)]
        if not sets:
            nothing = np.zeros((0, parts.train.n_classes))
            return HeldOut(
                labels=np.zeros(0, np.int64), subjects=(), logits=dict.fromkeys(self.learner.models, nothing)
            )
        said = [learned.predict(trials.without_labels()) for trials, learned in sets]
        return HeldOut(
            labels=np.concatenate([trials.labels for trials, _ in sets]),
            subjects=tuple(subject for trials, _ in sets for subject in trials.subjects),
            logits={model: np.concatenate([part[model] for part in said]) for model in self.learner.models},
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedPipeline:
    """A `CalibratedPipeline` after its fit.

    Attributes
    ----------
    learned : Fitted
    combiners : tuple of Combiner
    temperatures : mapping of str to Temperature
        One for each model, with how it was found.
    held_out : mapping of str to ndarray
        Calibrated logits of the trials that combinations and temperatures were fitted on.
    settings_sha256 : str
    """

    learned: Fitted
    combiners: tuple[Combiner, ...]
    temperatures: Mapping[str, Temperature]
    held_out: Mapping[str, Float64Array]
    settings_sha256: str

    @property
    def abstains(self) -> bool:
        """Whether the learner may give no answer."""
        return bool(getattr(self.learned, "abstains", False))

    def predict(self, trials: TrialSet, /) -> dict[str, Float64Array]:
        """Calibrated logits by model."""
        raw = _combine(self.learned.predict(trials), self.combiners)
        return _calibrate(raw, self.combiners, self.temperatures)

    def details(self) -> dict[str, Any]:
        """Temperatures with how they were found, combinations by name, and the learner's own details."""
        combiners = {"combiners": _describe(self.combiners)} if self.combiners else {}
        return {**self.learned.details(), "temperatures": self._describe_temperatures(), **combiners}

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of the learner's parts, the combinations, the temperatures and the settings."""
        return {
            **self.learned.fingerprint(),
            "combiner": sha256_json(_describe(self.combiners)),
            "temperatures": sha256_json(self._describe_temperatures()),
            "settings": self.settings_sha256,
        }

    def _describe_temperatures(self) -> dict[str, Any]:
        return {model: to_dict(temperature) for model, temperature in self.temperatures.items()}


def _refit(learner: Learner, everybody: TrialSet, fitted: Fitted, *, seed: int, folder: Path | None) -> Fitted:
    """Fit a learner once more; refuse one that cannot be."""
    if not isinstance(learner, RefittingLearner):
        raise SettingsError(f"refit all: {', '.join(learner.models)} cannot be fitted again; give it a method refit")
    return learner.refit(everybody, fitted, seed=seed, folder=folder)


def _describe(combiners: Sequence[Combiner]) -> dict[str, Any]:
    return {combiner.name: dict(combiner.describe()) for combiner in combiners}


def _combine(logits: Mapping[str, Float64Array], combiners: Sequence[Combiner]) -> dict[str, Float64Array]:
    """Add the combined models' logits, before any temperature."""
    own = {model: np.array(values, dtype=np.float64) for model, values in logits.items()}
    return own | {combiner.name: combiner.combine(own) for combiner in combiners}


def _choose(raw: Float64Array, used: BoolArray, *, held_out: HeldOut) -> Temperature:
    """Choose a model's temperature on the trials for which it has an output of its own."""
    subjects = [subject for subject, keep in zip(held_out.subjects, used, strict=True) if keep]
    return choose_temperature(raw[used], held_out.labels[used], subjects=subjects)


def _calibrate(
    raw: Mapping[str, Float64Array], combiners: Sequence[Combiner], temperatures: Mapping[str, Temperature]
) -> dict[str, Float64Array]:
    logits = {model: temperatures[model].scale(values) for model, values in raw.items()}
    return logits | {combiner.name: combiner.calibrate(raw, temperatures) for combiner in combiners}


@dataclass(frozen=True)
class JointLearner:
    """Several learners as one, fitted one after the other on the same parts, so that their models can be combined.

    Attributes
    ----------
    learners : tuple of Learner
        With models of different names.
    """

    learners: tuple[Learner, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Models of all learners, in their order."""
        return tuple(model for learner in self.learners for model in learner.models)

    def describe(self) -> dict[str, Any]:
        """Give the settings of each."""
        return {"learners": [dict(learner.describe()) for learner in self.learners]}

    def fit(self, train: TrialSet, stopping: TrialSet, /, *, seed: int, folder: Path | None = None) -> FittedJoint:
        """Fit each on both parts."""
        return FittedJoint(
            parts=tuple(learner.fit(train, stopping, seed=seed, folder=folder) for learner in self.learners)
        )

    def refit(
        self, everybody: TrialSet, fitted: FittedJoint, /, *, seed: int, folder: Path | None = None
    ) -> FittedJoint:
        """Fit each once more."""
        pairs = zip(self.learners, fitted.parts, strict=True)
        return FittedJoint(
            parts=tuple(_refit(learner, everybody, part, seed=seed, folder=folder) for learner, part in pairs)
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedJoint:
    """A `JointLearner` after its fit."""

    parts: tuple[Fitted, ...]

    @property
    def abstains(self) -> bool:
        """Whether any part declines trials by design."""
        return any(getattr(part, "abstains", False) for part in self.parts)

    def predict(self, trials: TrialSet, /) -> dict[str, Float64Array]:
        """Logits of the models of all learners."""
        return {model: logits for part in self.parts for model, logits in part.predict(trials).items()}

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of the parts of all learners."""
        return {name: digest for part in self.parts for name, digest in part.fingerprint().items()}

    def details(self) -> dict[str, Any]:
        """Details of all learners."""
        return {name: value for part in self.parts for name, value in part.details().items()}


def mark_broken(logits: Float64Array) -> Float64Array:
    """Turn NaN into infinity, for logits of trials that a method has looked at.

    Of such a trial NaN is no abstention but a broken model: the benchmark refuses infinity, by the trial's name.
    """
    return np.where(np.isnan(logits), np.inf, logits)


def hash_module(module: nn.Module) -> str:
    """SHA-256 of all weights and buffers of a network, in the order of their names."""
    digests = {
        name: sha256_bytes(str((value.dtype, tuple(value.shape))).encode() + value.detach().cpu().numpy().tobytes())
        for name, value in module.state_dict().items()
    }
    return sha256_json(digests)
