"""What a pipeline brings along that was fitted before it was handed over.

Input: a pipeline, or a factory. Output: the arrays, tables, networks, fitted estimators and figures of people that it,
its functions and the modules of these functions hold, in words. An audit can repeat what a factory does, on altered
data; it cannot repeat what was done before a ready-made pipeline was handed over, so that these are listed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, clone
from torch import nn

from ecg_facial.evaluation.benchmark.adapters import EstimatorLearner
from ecg_facial.evaluation.benchmark.hashing import is_users, names_in
from ecg_facial.evaluation.benchmark.pipelines import Factory, Pipeline
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.runtime.executors.by_reference import main_file

_DEPTH = 8
# a list of numbers as long as this may be a selection of features
_LEAST_NUMBERS = 2


def is_factory(given: Factory | Pipeline) -> bool:
    """Whether something is called to make a pipeline, as the benchmark decides it."""
    return not hasattr(given, "fit")


def find_captured(given: Factory | Pipeline, prepared: PreparedData) -> list[str]:
    """List what was fitted before and is held by a ready-made pipeline, or by the cells of a factory.

    Parameters
    ----------
    given : factory or pipeline
    prepared : PreparedData
        By whose names figures of people are known.
    """
    names = {str(each) for column in ("subject", "trial") for each in prepared.table[column]}
    return list(dict.fromkeys(_Search(names, factory=is_factory(given)).look(given, "")))


class _Search:
    """A walk through attributes, cells, defaults and globals; each object once."""

    def __init__(self, names: set[str], *, factory: bool) -> None:
        self._names, self._factory = names, factory
        self._seen: list[Any] = []

    def look(self, value: Any, path: str, depth: int = 0) -> Iterator[str]:
        """Give what is fitted in a value, with the way to it."""
        if depth > _DEPTH or any(each is value for each in self._seen):
            return
        self._seen.append(value)
        said = self._name(value) or (_name_numbers(value) if path.endswith("]") else "")
        if said:
            yield f"{path.strip('.') or 'itself'}: {said}"
            return
        for step, inner in self._parts(value):
            yield from self.look(inner, f"{path}.{step}", depth + 1)

    def _name(self, value: Any) -> str:
        """Name a fitted thing; empty for all others."""
        if isinstance(value, TrialSet) or (hasattr(value, "with_table") and hasattr(value, "fingerprint")):
            return "trials"
        if isinstance(value, (np.ndarray, torch.Tensor)) and value.ndim:
            return f"array of shape {tuple(value.shape)}"
        if isinstance(value, (pd.DataFrame, pd.Series, nn.Module)):
            return type(value).__name__
        if _is_fitted(value):
            return f"fitted {type(value).__name__}"
        if isinstance(value, Mapping) and self._names & {str(key) for key in value}:
            return f"figures of {len(value)} subjects or trials"
        return ""

    def _parts(self, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, FunctionType):
            yield from self._parts_of_function(value) if is_users(value) else ()
        elif isinstance(value, MethodType):
            yield from (("self", value.__self__), ("function", value.__func__))
        elif isinstance(value, functools.partial):
            yield from enumerate_named([value.func, *value.args, *value.keywords.values()])
        elif isinstance(value, EstimatorLearner):
            yield from (("estimator", _copy(value.estimator)), ("features", value.features))
        elif isinstance(value, BaseEstimator):
            yield from _parts_of_estimator(value)
        elif isinstance(value, Mapping):
            yield from ((str(key), each) for key, each in value.items())
        elif isinstance(value, (list, tuple)):
            yield from enumerate_named(value)
        elif not isinstance(value, (type, ModuleType)):
            held = getattr(value, "__dict__", {})
            yield from held.items()

    def _parts_of_function(self, function: FunctionType) -> Iterator[tuple[str, Any]]:
        name = function.__name__
        for cell_name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                yield f"{name}[{cell_name}]", cell.cell_contents
            except ValueError:
                continue
        yield from ((f"{name}[{number}]", each) for number, each in enumerate(function.__defaults__ or ()))
        yield from (function.__kwdefaults__ or {}).items()
        yield from function.__dict__.items()
        # a fresh process imports the modules of a factory anew; what travels by value brings its globals along
        if not self._factory or _travels(function):
            for each in sorted(names_in(function.__code__)):
                if each in function.__globals__:
                    yield f"{name}: global {each}", function.__globals__[each]


def enumerate_named(values: Any) -> Iterator[tuple[str, Any]]:
    """Give values with their places as names."""
    return ((str(number), each) for number, each in enumerate(values))


def _parts_of_estimator(value: BaseEstimator) -> Iterator[tuple[str, Any]]:
    """Parameters that are functions or estimators; numbers and arrays there are settings, such as a grid."""
    for name, each in value.get_params(deep=False).items():
        if isinstance(each, (FunctionType, MethodType, functools.partial, BaseEstimator)):
            yield name, each
        elif isinstance(each, (list, tuple)):
            held = [part for item in each for part in (item if isinstance(item, (list, tuple)) else [item])]
            yield from ((name, part) for part in held if isinstance(part, BaseEstimator))


def _copy(estimator: Any) -> Any:
    """Copy an estimator as each fold does: what is still fitted then was fitted before."""
    try:
        return clone(estimator)
    except Exception:  # an estimator that cannot be copied fails in the run, with its own words
        return estimator


def _is_fitted(value: Any) -> bool:
    """Whether an object has attributes as scikit-learn names them after a fit."""
    if isinstance(value, (type, ModuleType)):
        return False
    return any(name.endswith("_") and not name.startswith("_") for name in getattr(value, "__dict__", {}))


def _name_numbers(value: Any) -> str:
    """Name numbers in the cell of a function, such as a selection of features."""
    if not isinstance(value, (list, tuple, set)) or len(value) < _LEAST_NUMBERS:
        return ""
    numbers = all(isinstance(each, (int, float, np.number)) and not isinstance(each, bool) for each in value)
    return f"{len(value)} numbers" if numbers else ""


def _travels(function: FunctionType) -> bool:
    """Whether a function reaches a fresh process by value: its program cannot be imported a second time."""
    return function.__module__ == "__main__" and main_file() is None
