"""A small study with labels of its own, cut out of longer files by a manifest: from the index to a prediction."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fewer_figures import keep_figures
from sketched_cohort import write_cohort
from tiny_models import TINY_MODELS, discs_are_faces

from ecg_facial.cli.wording import describe_index, show_prediction, show_result
from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.evaluation.benchmark.run_record import RunRecord
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.predictions_table import read_predictions
from ecg_facial.inference.bundle import load_bundle
from ecg_facial.inference.predictor import open_predictor, predict_files
from ecg_facial.labels import get_task
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.workflow.benchmarking import benchmark_dataset
from ecg_facial.workflow.preparing import Prepared, choose_classes, join_datasets, share_classes
from ecg_facial.workflow.settings import DataOptions

pytestmark = pytest.mark.usefixtures("shared_fresh", "shared_exports")

WORDS = {"BL1": "no pain", "PA1": "mild", "PA2": "severe", "PA3": "Severe "}
RATINGS = {"BL1": "0", "PA1": "3", "PA2": "6.0", "PA3": "9"}
CLASSES = ("no pain", "mild", "severe")
OPTIONS = DataOptions(windows=WindowSettings(n_frames=2, crop_px=32))
SETTINGS = BenchmarkSettings(
    baselines=False,
    protocol="kfold:2",
    models=replace(TINY_MODELS, facial=FacialSettings(hidden=4, n_layers=1)),
)


@dataclass(frozen=True, kw_only=True)
class Study:
    """Manifests of the same stretches with words and with ratings, and the run of the words."""

    words: Path
    ratings: Path
    result: BenchmarkResult


@pytest.fixture(scope="module", autouse=True)
def _no_figures() -> Iterator[None]:
    with keep_figures():
        yield


@pytest.fixture(scope="module", autouse=True)
def _disc_detector() -> Iterator[None]:
    with discs_are_faces():
        yield


def write_manifest(path: Path, cohort: Path, labels: dict[str, str]) -> Path:
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["subject", "trial", "label", "video", "ecg", "fs_hz", "start_s", "duration_s"])
        for trial in index_dataset(cohort, check_files=False).trials:
            signals = [trial.video.path, trial.ecg.path, 512]
            rows.writerow([trial.subject.id, trial.id, labels[trial.code], *signals, 0.25, 5.1])
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    cohort = write_cohort(folder / "recorded", n_subjects=4, levels=get_task("biovid4").levels)
    words = write_manifest(folder / "words.csv", cohort, WORDS)
    options = replace(OPTIONS, labels=LabelSettings(classes=CLASSES))
    result = benchmark_dataset(words, folder / "run", options=options, settings=SETTINGS, cache=folder / "windows")
    return Study(words=words, ratings=write_manifest(folder / "ratings.csv", cohort, RATINGS), result=result)


def test_the_names_of_the_classes_travel_into_every_file_of_the_run(study: Study) -> None:
    folder, metrics = study.result.folder, study.result.metrics
    assert (metrics.class_names, metrics.ordered) == (CLASSES, True)
    assert metrics.models["fusion"].figures["mae_level"].mean is not None
    run = RunRecord.read(folder / "run.json")
    assert (run.class_names, run.labels.classes, run.levels_by) == (CLASSES, CLASSES, "unknown")
    header = (folder / "predictions.csv").read_text().splitlines()[0]
    assert "p_no pain,p_mild,p_severe" in header
    report = (folder / "report.html").read_text()
    assert "Own classes from face video and ECG</h1>" in report
    assert "no pain" in report
    assert "label &#39;Severe&#39; is read as &#39;severe&#39;" in report
    assert "4 subjects, 16 trials" in show_result(study.result)


def test_the_bundle_predicts_the_classes_by_name(study: Study) -> None:
    trial = index_dataset(study.words, labels=LabelSettings(classes=CLASSES), check_files=False).trials[0]
    predictor = open_predictor(load_bundle(study.result.folder / "model"), threads=1)
    found = predict_files(predictor, video=trial.video.path, ecg=trial.ecg.path, fs_hz=512)
    assert found.class_names == CLASSES
    assert found.predicted in CLASSES
    shown = show_prediction(found).splitlines()
    # names of any length stand in one column
    assert [line[:7] for line in shown[:4]] == ["class  ", "no pain", "mild   ", "severe "]
    assert len({len(line) for line in shown[:4]}) == 1


def test_predictions_of_the_run_are_read_again_with_its_classes(study: Study) -> None:
    found = read_predictions(study.result.folder / "predictions.csv", labels=LabelSettings(classes=CLASSES))
    assert (found.class_names, found.ordered) == (CLASSES, True)
    assert set(found.table["label"]) == set(CLASSES)


def test_without_the_option_the_labels_are_listed_with_it(study: Study, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"found 'no pain' \(4\), .* --classes \"") as raised:
        benchmark_dataset(study.words, tmp_path / "run", options=OPTIONS, settings=SETTINGS)
    assert "\n" not in str(raised.value)


def test_ratings_become_classes_when_they_are_read(study: Study) -> None:
    index = index_dataset(study.ratings, labels=LabelSettings(cut=(1, 4, 7)), check_files=False)
    chosen = choose_classes(SETTINGS, index).find_task()
    assert (chosen.class_names, chosen.ordered, chosen.of_levels) == (("0", "1-3", "4-6", "7-10"), True, False)
    assert {trial.code for trial in index.trials} == {"0", "1-3", "4-6", "7-10"}
    assert "6.0 (4 trials, class 4-6)" in describe_index(index)


def test_two_sets_of_labels_are_refused_by_name(study: Study) -> None:
    indexes = [
        index_dataset(path, labels=labels, check_files=False)
        for path, labels in (
            (study.words, LabelSettings(classes=CLASSES)),
            (study.ratings, LabelSettings(cut=(1, 4, 7))),
        )
    ]
    found = [Prepared(index, None) for index in indexes]  # type: ignore[arg-type]  # the labels are looked at first
    with pytest.raises(SettingsError, match=r"two sets of labels: no pain, mild, severe in .*, but 0, 1-3, 4-6, 7-10"):
        join_datasets(*found)
    options = replace(OPTIONS, labels=LabelSettings(classes=CLASSES))
    with pytest.raises(SettingsError, match="two sets of labels: no pain, mild, severe of the data, a, b of the eval"):
        share_classes(options, BenchmarkSettings(task="own", classes=("a", "b")))


def test_a_data_set_of_one_class_is_refused_before_anything_is_fitted(study: Study) -> None:
    index = index_dataset(study.ratings, labels=LabelSettings(cut=(10,)), check_files=False)
    with pytest.raises(SettingsError, match="all 16 usable trials are of class '0-9'; expected two classes or more of"):
        choose_classes(SETTINGS, index)
