"""A table of features as prepared data: columns by modality, the names and labels kept from methods."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ecg_facial.errors import SettingsError, WithheldError
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.labels import Task
from ecg_facial.prepared.tabular import TabularData

TASK = Task(name="own", class_names=("mild", "severe"))
TRIALS = pd.DataFrame(
    {"subject": ["a", "a", "b"], "trial": ["1", "2", "3"], "level": ["mild", "severe", "mild"], "secret": [1, 2, 1]}
)
FEATURES = {
    "facial": pd.DataFrame({"au": [1.0, np.nan, 3.0]}),
    "ecg": pd.DataFrame({"au": [4.0, 5.0, 6.0], "level": [7, 8, 9]}),
}


def test_a_method_sees_features_by_modality_and_no_other_column() -> None:
    trials = TrialSet(TabularData(TRIALS, FEATURES), [2, 1], task=TASK, labelled=False)
    assert list(trials.table) == ["subject", "face_quality", "ecg_quality", "facial:au", "ecg:au", "ecg:level"]
    np.testing.assert_array_equal(trials.values("ecg", "facial"), [[6, 9, 3], [5, 8, np.nan]])
    with pytest.raises(SettingsError, match="no modality 'skin' in the table of features: it has facial, ecg"):
        trials.values("skin")
    with pytest.raises(WithheldError):
        _ = trials.labels


def test_windows_of_a_table_are_empty() -> None:
    data = TabularData(TRIALS, FEATURES)
    trials = TrialSet(data, range(3), task=TASK)
    assert not trials.sees_face.any()
    assert not trials.has_beats.any()
    assert not data[0].has_video
    with pytest.raises(IndexError):
        data[3]
    with pytest.raises(SettingsError, match="has no frames"):
        trials.frame_features(0)


def test_the_fingerprint_follows_every_value_and_name() -> None:
    data = TabularData(TRIALS, FEATURES)
    assert data.fingerprint == TabularData(TRIALS, FEATURES).fingerprint
    changed = {"facial": FEATURES["facial"].fillna(0.0), "ecg": FEATURES["ecg"]}
    renamed = {"face": FEATURES["facial"], "ecg": FEATURES["ecg"]}
    relabelled = TRIALS.assign(level=["mild", "mild", "severe"])
    others = [TabularData(TRIALS, changed), TabularData(TRIALS, renamed), TabularData(relabelled, FEATURES)]
    assert len({data.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_what_is_no_table_of_features_is_refused() -> None:
    with pytest.raises(SettingsError, match="no column level: expected subject, trial, level"):
        TabularData(TRIALS.drop(columns="level"), FEATURES)
    with pytest.raises(SettingsError, match="no features"):
        TabularData(TRIALS, {})
    with pytest.raises(SettingsError, match="2 rows of ecg for 3 trials"):
        TabularData(TRIALS, {"ecg": FEATURES["ecg"][:2]})
    with pytest.raises(SettingsError, match="column 'x' of ecg is"):
        TabularData(TRIALS, {"ecg": pd.DataFrame({"x": ["1", "2", "3"]})})
    with pytest.raises(SettingsError, match="trial 1 is in the table twice"):
        TabularData(TRIALS.assign(trial="1"), FEATURES)
