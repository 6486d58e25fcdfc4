"""Probabilities of simulated trials as a table of predictions.

Input: trials and probabilities. Output: a table in the columns of `predictions.csv`, judged like that of any model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ecg_facial.labels import Task
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.people.population import SimulatedTrial

if TYPE_CHECKING:
    import pandas as pd


def to_predictions(
    trials: Sequence[SimulatedTrial], probabilities: Mapping[str, Float64Array], task: Task
) -> pd.DataFrame:
    """Make a table of predictions from probabilities (n_trials, n_classes) by model."""
    import pandas as pd

    about = pd.DataFrame(
        {
            "subject": [trial.plan.subject.id for trial in trials],
            "trial": [trial.plan.name for trial in trials],
            "fold": [trial.plan.subject_index for trial in trials],
            "seed": 0,
            "label": [trial.plan.level.name for trial in trials],
            "face_quality": 1.0,
            "ecg_quality": 1.0,
        }
    )
    columns = [f"p_{name}" for name in task.class_names]
    parts = [
        pd.concat([about.assign(model=model), pd.DataFrame(values, columns=columns)], axis=1)
        for model, values in probabilities.items()
    ]
    return pd.concat(parts, ignore_index=True)
