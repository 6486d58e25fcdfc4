"""The reference learner: what a plain method reaches on a simulated population.

Input: trials at feature level. Output: predictions leave-one-subject-out of a random forest on simple features of the
TRUE action-unit curves and beat times, in the columns of `predictions.csv`. It states a preset's difficulty in a way
that can be set beside published results of such learners.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ecg_facial.labels import Task
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.grid import FRAME_TIMES_S, TRIAL_S
from ecg_facial.simulate.observer.judgements import to_predictions
from ecg_facial.simulate.people.population import SimulatedTrial

if TYPE_CHECKING:
    import pandas as pd

# Faces react after 1 to 3 s: what comes before is the person's own baseline in the clip.
_EARLY_S, _LATE_S = 1.0, 2.0
_HALF_S = TRIAL_S / 2
_N_TREES, _LEAF = 100, 60
FACE_WEIGHT = 0.8


def face_features(trial: SimulatedTrial) -> Float64Array:
    """Late maximum, mean, change from the clip's first second, and spread of every action unit."""
    units = trial.action_units
    late, early = units[:, FRAME_TIMES_S >= _LATE_S], units[:, FRAME_TIMES_S < _EARLY_S].mean(axis=1)
    mean = late.mean(axis=1)
    return np.concatenate([late.max(axis=1), mean, mean - early, units.std(axis=1)])


def heart_features(trial: SimulatedTrial) -> Float64Array:
    """Mean, range, slope and change of the heart rate, and the difference of the clip's halves."""
    beats_s = trial.heart.trial_beat_times_s
    rate, middle_s = 60.0 / np.diff(beats_s), (beats_s[1:] + beats_s[:-1]) / 2
    if len(rate) < 2:
        return np.zeros(7)
    slope = np.polyfit(middle_s, rate, 1)[0]
    first, second = rate[middle_s < _HALF_S], rate[middle_s >= _HALF_S]
    halves = second.mean() - first.mean() if len(first) and len(second) else 0.0
    ends = rate[-2:].mean() - rate[:2].mean()
    return np.array([rate.mean(), np.ptp(rate), rate.std(), slope, rate[-1] - rate[0], ends, halves])


def judge_reference(trials: Sequence[SimulatedTrial], task: Task, *, n_folds: int | None = None) -> pd.DataFrame:
    """Predictions of the reference learner.

    Parameters
    ----------
    trials : sequence of SimulatedTrial
        Those of other levels are left out.
    task : Task
    n_folds : int, optional
        Folds by subject; leave-one-subject-out without it.

    Returns
    -------
    DataFrame
        Columns of `predictions.csv`, models ``facial``, ``ecg`` and ``fusion`` (0.8 and 0.2 of the log-probabilities).
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_val_predict

    chosen = [trial for trial in trials if task.includes(trial.plan.level)]
    labels = np.array([task.encode(trial.plan.level) for trial in chosen])
    subjects = np.array([trial.plan.subject_index for trial in chosen])
    folds = LeaveOneGroupOut() if n_folds is None else GroupKFold(n_folds)
    probabilities = {}
    for model, features in (("facial", face_features), ("ecg", heart_features)):
        forest = RandomForestClassifier(_N_TREES, min_samples_leaf=_LEAF, random_state=0)
        table = np.array([features(trial) for trial in chosen])
        probabilities[model] = cross_val_predict(
            forest, table, labels, groups=subjects, cv=folds, method="predict_proba", n_jobs=-1
        )
    # a leaf of one class would give the other a probability of 0
    logs = {model: np.log(values + 1e-3) for model, values in probabilities.items()}
    fused = np.exp(FACE_WEIGHT * logs["facial"] + (1 - FACE_WEIGHT) * logs["ecg"])
    probabilities["fusion"] = fused / fused.sum(axis=1, keepdims=True)
    return to_predictions(chosen, probabilities, task)
