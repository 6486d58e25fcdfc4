"""The best possible predictions on a simulated cohort: those of the ideal observer.

Input: the settings of a cohort. Output: predictions in the columns of `predictions.csv`, without training, so that they
are judged like those of a model on the same trials.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from ecg_facial.errors import SettingsError
from ecg_facial.labels import Task
from ecg_facial.runtime.settings import from_dict
from ecg_facial.simulate.observer.judgements import to_predictions
from ecg_facial.simulate.observer.observer import IdealObserver, ObserverSettings
from ecg_facial.simulate.people.population import GENERATOR_VERSION, sample_cohort_person, simulate_features
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import PRESETS, get_preset

if TYPE_CHECKING:
    import pandas as pd


def observe_cohort(
    settings: CohortSettings,
    task: Task,
    *,
    observer: ObserverSettings | None = None,
    know_person: bool = False,
    subjects: Collection[str] | None = None,
) -> pd.DataFrame:
    """Compute the ideal observer's predictions of the trials of a cohort.

    Parameters
    ----------
    settings : CohortSettings
    task : Task
        Trials of other levels are left out.
    observer : ObserverSettings, optional
    know_person : bool
        Whether the observer knows each person's parameters: the ceiling for methods that calibrate to a person.
    subjects : collection of str, optional
        Only trials of these subjects.

    Returns
    -------
    DataFrame
        Rows of the models ``facial``, ``ecg`` and ``fusion``. Memory holds the trials of one subject at a time.
    """
    import pandas as pd

    observer = observer or ObserverSettings()
    preset = get_preset(settings.preset)
    anybody = None if know_person else IdealObserver(preset, observer)
    levels = [int(level) for level in task.levels]
    parts = []
    for index in range(settings.n_subjects):
        trials = [
            trial
            for trial in simulate_features(settings, subjects=range(index, index + 1))
            if task.includes(trial.plan.level) and (subjects is None or trial.plan.subject.id in subjects)
        ]
        if trials:
            ideal = anybody or IdealObserver(preset, observer, person=sample_cohort_person(settings, index))
            parts.append(to_predictions(trials, ideal.compute_likelihoods(trials).posteriors(levels), task))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def read_cohort_settings(marker: Path) -> CohortSettings | None:
    """Read the settings of a cohort from its ``SIMULATED.json``.

    Returns
    -------
    CohortSettings or None
        None if they cannot be read, or another version of the generator made the cohort.
    """
    try:
        content = json.loads(marker.read_text(encoding="utf-8"))
        if content.get("generator_version") != GENERATOR_VERSION or content.get("preset") not in PRESETS:
            return None
        names = {field.name for field in fields(CohortSettings)}
        return from_dict(CohortSettings, {name: value for name, value in content.items() if name in names})
    except (OSError, ValueError, AttributeError, SettingsError):
        return None
