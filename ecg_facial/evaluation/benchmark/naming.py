"""Own methods by name: MODULE:NAME on the command line, in `run.json`, and again in an audit.

Input: a name, or a factory. Output: the other. A name may also be FILE.py:NAME.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.pipelines import Factory, Pipeline
from ecg_facial.evaluation.benchmark.trial_set import TrialSet

_FORM = "MODULE:NAME or FILE.py:NAME, such as my_method:make"


@dataclass(frozen=True)
class WithoutArguments:
    """A factory of a function that takes no trials.

    Attributes
    ----------
    make : callable
        Gives a pipeline.
    """

    make: Any

    def __call__(self, trials: TrialSet, /) -> Pipeline:
        """Make the pipeline."""
        made: Pipeline = self.make()
        return made


def load_pipeline(name: str) -> Factory | Pipeline:
    """Import a pipeline or a factory.

    Parameters
    ----------
    name : str
        ``my_module:make`` or ``folder/my_file.py:make``. Modules are looked for in the working directory too. What it
        names is a pipeline, or a function that gives one: of all trials, or of nothing.

    Returns
    -------
    Factory or Pipeline

    Raises
    ------
    SettingsError
        For another form, a module or name that is not there, an error on the import, and anything but a method.
    """
    place, _, attribute = name.rpartition(":")
    if not place or not attribute.isidentifier():
        raise SettingsError(f"pipeline {name!r}: expected {_FORM}")
    module = _import(place, name)
    if not hasattr(module, attribute):
        raise SettingsError(f"pipeline {name!r}: {place} has no {attribute!r}; expected {_FORM}")
    return _check(getattr(module, attribute), name)


def _import(place: str, name: str) -> Any:
    """Import a module by its name or its file; its folder stays in the path, for worker processes."""
    path = Path(place)
    folder, module = (path.parent, path.stem) if path.suffix == ".py" else (Path(), place)
    if path.suffix == ".py" and not path.is_file():
        raise SettingsError(f"pipeline {name!r}: no such file {place}; expected {_FORM}")
    at = str(folder.resolve())
    if at not in sys.path:
        sys.path.insert(0, at)
    try:
        return importlib.import_module(module)
    # the module is the user's: whatever it raises is an error of that code
    except Exception as error:
        raise SettingsError(f"pipeline {name!r} cannot be imported: {type(error).__name__}: {error}") from error


def _check(found: Any, name: str) -> Factory | Pipeline:
    """Give a pipeline or a factory of what was found."""
    if isinstance(found, type):
        found = found()
    if hasattr(found, "fit"):
        absent = [needed for needed in ("models", "describe") if not hasattr(found, needed)]
        if absent:
            raise SettingsError(
                f"pipeline {name!r} has no {' and no '.join(absent)}: an estimator of scikit-learn becomes one by "
                "EstimatorPipeline(name, estimator)"
            )
        pipeline: Pipeline = found
        return pipeline
    if not callable(found):
        raise SettingsError(
            f"pipeline {name!r} is {type(found).__name__}: expected a pipeline, or a function that gives one"
        )
    factory: Factory = WithoutArguments(found) if not inspect.signature(found).parameters else found
    return factory


def name_pipelines(pipelines: Sequence[Factory | Pipeline]) -> tuple[str, ...]:
    """Name pipelines and factories as `load_pipeline` finds them again; in parentheses what has no such name."""
    return tuple(_name(each.make if isinstance(each, WithoutArguments) else each) for each in pipelines)


def _name(pipeline: Any) -> str:
    module, attribute = getattr(pipeline, "__module__", ""), getattr(pipeline, "__qualname__", "")
    if module != "__main__" and getattr(sys.modules.get(module), attribute or " ", None) is pipeline:
        return f"{module}:{attribute}"
    models = getattr(pipeline, "models", ())
    return f"({', '.join(models) or attribute or type(pipeline).__name__})"
