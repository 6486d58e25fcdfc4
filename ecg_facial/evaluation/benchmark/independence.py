"""Whether the folds of a run keep the people who are tested out of everything that is fitted.

Input: folds and the subject of each trial. Output: `Independence`, as `metrics.json` holds it. What a method does
before the folds is the audit's question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from ecg_facial.evaluation.judging.schema import Independence
from ecg_facial.evaluation.protocols.fold_manifest import FoldPlan
from ecg_facial.evaluation.protocols.folds import Fold, Part


def describe_independence(plan: FoldPlan, trials: pd.DataFrame) -> Independence:
    """Say whether any tested subject is on both sides of a fold.

    Parameters
    ----------
    plan : FoldPlan
    trials : DataFrame
        With ``subject`` and ``trial``.
    """
    subject_of = dict(zip(trials["trial"].astype(str), trials["subject"].astype(str), strict=True))
    tested: dict[tuple[int, str], int] = {}
    both: set[str] = set()
    for seed, folds in plan.folds.items():
        for fold in folds:
            test = _subjects_of([fold.test, *([fold.fusion_test] if fold.fusion_test else [])], subject_of)
            both |= test & _subjects_of(_inner_parts(fold), subject_of)
            for subject in test:
                tested[seed, subject] = tested.get((seed, subject), 0) + 1
    several = len({subject for (_, subject), n in tested.items() if n > 1})
    if both:
        said = f"NOT SUBJECT-INDEPENDENT: {len(both)} subjects were tested by models that had seen other trials of them"
        return Independence(shown="no", sentence=said, subjects_in_several_folds=several)
    said = "subjects outside the training, stopping and calibration parts of their fold (folds.json)"
    return Independence(shown="yes", sentence=said, subjects_in_several_folds=several)


def _inner_parts(fold: Fold) -> list[Part]:
    """Everything that a fold fits on."""
    crossfit = [part for inner in fold.crossfit for part in (inner.train, inner.stopping, inner.held_out)]
    return [fold.train, fold.stopping, fold.calibration, fold.conformal, *crossfit]


def _subjects_of(parts: Iterable[Part], subject_of: Mapping[str, str]) -> set[str]:
    """Subjects of whom a part holds any trial."""
    return {subject for part in parts for subject in (*part.subjects, *(subject_of[trial] for trial in part.trials))}
