"""Own methods are found by a name, named again in `run.json`, and refused in one line where they are none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sklearn.dummy import DummyClassifier

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, heart_features
from ecg_facial.evaluation.benchmark.naming import load_pipeline, name_pipelines
from ecg_facial.evaluation.benchmark.pipelines import CalibratedPipeline
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.labels import get_task
from ecg_facial.prepared.memory import MemoryData

METHOD = """
from sklearn.dummy import DummyClassifier
from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, heart_features

ready = EstimatorPipeline("ready", DummyClassifier(), features=heart_features)
bare = DummyClassifier()
number = 3


def make():
    return EstimatorPipeline("made", DummyClassifier(), features=heart_features)


def make_of(trials):
    return EstimatorPipeline(f"made of {len(trials)}", DummyClassifier(), features=heart_features)
"""
OWN = EstimatorPipeline("own", DummyClassifier(), features=heart_features)


def make_own() -> CalibratedPipeline:
    return OWN


@pytest.fixture
def method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "a_method_of_ones_own.py"
    path.write_text(METHOD, encoding="utf-8")
    (tmp_path / "broken_method.py").write_text("1 / 0", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield path
    sys.modules.pop(path.stem, None)


@pytest.fixture
def trials(make_prepared: type[MemoryData]) -> TrialSet:
    return TrialSet(make_prepared(n_subjects=1, n_frames=2), range(4), task=get_task("biovid4"))


@pytest.mark.parametrize(
    "place", ["a_method_of_ones_own", "a_method_of_ones_own.py", "{folder}/a_method_of_ones_own.py"]
)
def test_a_method_is_found_in_a_module_and_in_a_file(method: Path, trials: TrialSet, place: str) -> None:
    place = place.format(folder=method.parent)
    assert load_pipeline(f"{place}:ready").models == ("ready",)
    assert load_pipeline(f"{place}:make")(trials).models == ("made",)
    assert load_pipeline(f"{place}:make_of")(trials).models == ("made of 4",)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("make", "expected MODULE:NAME or FILE.py:NAME"),
        ("a_method_of_ones_own:", "expected MODULE:NAME"),
        ("no_such_module:make", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("nowhere/method.py:make", "no such file nowhere/method.py"),
        ("broken_method:make", "cannot be imported: ZeroDivisionError: division by zero"),
        ("a_method_of_ones_own:absent", "a_method_of_ones_own has no 'absent'"),
        ("a_method_of_ones_own:number", "is int: expected a pipeline, or a function that gives one"),
        ("a_method_of_ones_own:bare", "has no models and no describe: an estimator of scikit-learn becomes one by"),
    ],
)
@pytest.mark.usefixtures("method")
def test_what_is_no_method_is_refused_in_one_line(name: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        load_pipeline(name)
    assert "\n" not in str(caught.value)


def test_methods_are_named_as_they_are_found_again(method: Path) -> None:
    found = load_pipeline("a_method_of_ones_own:make")
    assert name_pipelines([found, make_own]) == ("a_method_of_ones_own:make", f"{__name__}:make_own")
    local = [OWN, lambda trials: OWN]
    assert [name[0] + name[-1] for name in name_pipelines(local)] == ["()", "()"]
    assert name_pipelines([OWN]) == ("(own)",)
