"""Names of the built-in models, the order in which models are shown, and the model that a run or a file is about.

Input: names of models. Output: names of models. Nothing here looks at a figure.
"""

from __future__ import annotations

from collections.abc import Iterable

MODEL_ORDER = ("facial", "ecg", "fusion")
FUSION = "fusion"
MAJORITY, RATE, HEART_COURSE, FACE_COURSES = "majority", "ecg:rate", "ecg:descriptors", "facial:descriptors"
FUSED_COURSES, CHOSEN = "fusion:descriptors", "fusion:chosen"
BASELINES = (MAJORITY, RATE, HEART_COURSE, FACE_COURSES, FUSED_COURSES)
"""Simple models that a run holds beside those that it is about."""


def order_models(models: Iterable[str]) -> list[str]:
    """Facial, ECG, fusion, then all others by name; each once."""
    names = {str(model) for model in models}
    known = [model for model in MODEL_ORDER if model in names]
    return known + sorted(names - set(known))


def choose_main_model(models: Iterable[str]) -> str:
    """Choose the model that a run or a file is about, by its name and place alone, never by how well it does.

    ``fusion`` where there is one, else the first that is no built-in baseline: of a run the first method that was
    handed over, of a file the first in it. The first of all where all are baselines.

    Parameters
    ----------
    models : iterable of str
        In the order of the run or the file.

    Examples
    --------
    >>> choose_main_model(["majority", "theirs", "another"])
    'theirs'
    """
    names = [str(model) for model in models]
    if FUSION in names:
        return FUSION
    return next((name for name in names if name not in BASELINES), names[0])
