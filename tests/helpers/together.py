"""Several methods audited in one run: each gets a name of its own, by which what is found is parted again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ecg_facial.evaluation.benchmark.trial_set import Parts, TrialSet
from ecg_facial.evaluation.judging.schema import AuditResult


@dataclass(frozen=True)
class Named:
    """A pipeline under another name, so that several plants stand in one run."""

    pipeline: Any
    name: str

    @property
    def models(self) -> tuple[str, ...]:
        return (self.name,)

    def describe(self) -> Any:
        return self.pipeline.describe()

    def fit(self, parts: Parts, /, *, seed: int, folder: Path | None = None) -> FittedNamed:
        return FittedNamed(self.pipeline.fit(parts, seed=seed, folder=folder), self.name)


@dataclass(frozen=True)
class FittedNamed:
    fitted: Any
    name: str

    def predict(self, trials: TrialSet, /) -> dict[str, np.ndarray]:
        return {self.name: self.fitted.predict(trials)["own"]}

    def fingerprint(self) -> Any:
        return self.fitted.fingerprint()

    def details(self) -> Any:
        return self.fitted.details()


def under_name(factory: Any, name: str, trials: TrialSet, /) -> Named:
    """Make a plant's pipeline under another name."""
    return Named(factory(trials), name)


def stand_together(methods: Mapping[str, Any]) -> list[Any]:
    """Give factories and ready-made methods names of their own: one audit fits a fold again for all of them."""
    return [
        Named(each, name_of(number)) if hasattr(each, "fit") else partial(under_name, each, name_of(number))
        for number, each in enumerate(methods.values())
    ]


def name_of(number: int) -> str:
    return f"method{number:02d}"


def part_verdicts(found: AuditResult, methods: Mapping[str, Any]) -> dict[str, AuditResult]:
    """Part an audit of `stand_together` by method: the checks of each, with those of the whole run."""
    own = [f"{name_of(number)}: " for number in range(len(methods))]
    shared = [check for check in found.checks if not check.name.startswith(tuple(own))]
    return {
        name: replace(found, checks=(*shared, *(check for check in found.checks if check.name.startswith(start))))
        for name, start in zip(methods, own, strict=True)
    }
