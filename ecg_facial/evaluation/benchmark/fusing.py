"""Late fusion of a facial model and the ECG model, as combiners of the benchmark's pipelines.

Input: logits of both models, and of the calibration part with labels. Output: logits of the fused model, by the
package's one `Fusion`. Its weights are fixed or learned, and the facial model may be chosen on the calibration part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ecg_facial.evaluation.benchmark.pipelines import HeldOut
from ecg_facial.evaluation.judging.model_names import CHOSEN
from ecg_facial.evaluation.statistics.calibration import fit_temperature, log_loss
from ecg_facial.inference.calibration import Temperature, Temperatures
from ecg_facial.inference.fusion import Fusion, is_present
from ecg_facial.runtime.settings import strict_settings, to_dict
from ecg_facial.runtime.typing import BoolArray, Float64Array

# of the learned weight: finer steps differ by less than its standard error
_STEPS = 100


@strict_settings
@dataclass(frozen=True, kw_only=True)
class FusionCombiner:
    """Makes a fused model of a facial model and ``ecg``, by the package's one `Fusion`.

    Attributes
    ----------
    fusion : Fusion
        Temperatures are given to it by the pipeline; its own play no part.
    learn : bool
        Replace the weights by ``w`` and ``1 - w``, with the `w` of the lowest log loss at its best temperature.
    face : str
        The facial model: ``facial``, or ``facial:descriptors``.
    name : str
        Name of the fused model.
    """

    fusion: Fusion = field(default_factory=Fusion)
    learn: bool = False
    face: str = "facial"
    name: str = "fusion"

    def describe(self) -> dict[str, Any]:
        """JSON-able settings."""
        return to_dict(self)

    def fit(self, held_out: HeldOut, /) -> FusionCombiner:
        """Learn the weights, if that is asked for and any trial has both signals."""
        both = self.is_own(held_out.logits)
        if not self.learn or not both.any():
            return self
        face, ecg = (held_out.logits[name][both] for name in (self.face, "ecg"))
        labels = held_out.labels[both]

        def loss(step: int) -> float:
            fused = (step * face + (_STEPS - step) * ecg) / _STEPS
            return log_loss(fused / fit_temperature(fused, labels), labels)

        weight = min(range(_STEPS + 1), key=loss) / _STEPS
        n_subjects = len({subject for subject, keep in zip(held_out.subjects, both, strict=True) if keep})
        learned = replace(
            self.fusion, face_weight=weight, ecg_weight=1 - weight, n_subjects=n_subjects, n_trials=len(labels)
        )
        return replace(self, fusion=learned)

    def combine(self, logits: Mapping[str, Float64Array], /) -> Float64Array:
        """Weighted sum; NaN where both signals are missing."""
        return self.fusion.combine(logits[self.face], logits["ecg"])

    def is_own(self, logits: Mapping[str, Float64Array], /) -> BoolArray:
        """Trials with both signals."""
        return np.asarray(is_present(logits[self.face]) & is_present(logits["ecg"]))

    def calibrate(self, logits: Mapping[str, Float64Array], temperatures: Mapping[str, Temperature], /) -> Float64Array:
        """Calibrated fused logits; a trial with one signal takes that model's calibrated output."""
        return self.calibrated(temperatures).logits(logits[self.face], logits["ecg"])["fusion"]

    def calibrated(self, temperatures: Mapping[str, Temperature]) -> Fusion:
        """Give the fusion as a bundle holds it, with the temperatures of the models that there are."""
        models = {"facial": self.face, "ecg": "ecg", "fusion": self.name}
        own = {part: temperatures[model] for part, model in models.items() if model in temperatures}
        return replace(self.fusion, temperatures=Temperatures(**own))


@strict_settings
@dataclass(frozen=True, kw_only=True)
class ChoosingCombiner:
    """Takes, of several fused models, the one that the calibration part speaks for.

    That is the one of the lowest log loss at its best temperature, on the trials that all of them fuse. Without such
    trials, and in a tie, it is the first.

    Attributes
    ----------
    candidates : tuple of FusionCombiner
        Fusions of several facial models with ``ecg``.
    place : int
        Which of them is taken.
    n_trials : int
        On how many trials that was chosen.
    name : str
        Name of the model.
    """

    candidates: tuple[FusionCombiner, ...]
    place: int = 0
    n_trials: int = 0
    name: str = CHOSEN

    @property
    def chosen(self) -> FusionCombiner:
        """The candidate that is taken, under this model's name."""
        return replace(self.candidates[self.place], name=self.name)

    def describe(self) -> dict[str, Any]:
        """JSON-able settings, with the facial model that is taken."""
        return {**to_dict(self), **self.chosen.describe()}

    def fit(self, held_out: HeldOut, /) -> ChoosingCombiner:
        """Fit every candidate, and choose."""
        fitted = tuple(each.fit(held_out) for each in self.candidates)
        both = np.all([each.is_own(held_out.logits) for each in fitted], axis=0)
        labels = held_out.labels[both]
        if not len(labels):
            return replace(self, candidates=fitted)

        def loss(place: int) -> float:
            fused = fitted[place].combine(held_out.logits)[both]
            return log_loss(fused / fit_temperature(fused, labels), labels)

        best = min(range(len(fitted)), key=loss)
        return replace(self, candidates=fitted, place=best, n_trials=len(labels))

    def combine(self, logits: Mapping[str, Float64Array], /) -> Float64Array:
        """Weighted sum of the chosen candidate."""
        return self.chosen.combine(logits)

    def is_own(self, logits: Mapping[str, Float64Array], /) -> BoolArray:
        """Trials with both signals."""
        return self.chosen.is_own(logits)

    def calibrate(self, logits: Mapping[str, Float64Array], temperatures: Mapping[str, Temperature], /) -> Float64Array:
        """Calibrated logits of the chosen candidate."""
        return self.chosen.calibrate(logits, temperatures)
