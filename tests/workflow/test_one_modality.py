"""Data sets in which nobody has a video, or nobody an ECG, from files to a prediction."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from fewer_figures import keep_figures
from sketched_cohort import write_cohort
from tiny_models import TINY_MODELS, discs_are_faces

from ecg_facial.cli.wording import show_accuracy, show_prediction, show_result
from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.run_record import RunRecord
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.schema import AuditResult
from ecg_facial.evaluation.report.checklist import fill_checklist
from ecg_facial.inference.bundle import load_bundle
from ecg_facial.inference.predictor import open_predictor, predict_files
from ecg_facial.labels import get_task
from ecg_facial.recording import Trial
from ecg_facial.simulate.observer.ceiling import observe_cohort
from ecg_facial.simulate.observer.observer import ObserverSettings
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.workflow import benchmarking
from ecg_facial.workflow.benchmarking import audit, benchmark_dataset, train_dataset
from ecg_facial.workflow.settings import DataOptions

# a whole run is set up for the first test: minutes on a machine that is busy
pytestmark = [pytest.mark.long, pytest.mark.timeout(1800), pytest.mark.usefixtures("shared_fresh")]

TASK = get_task("biovid4")
OPTIONS = DataOptions(windows=WindowSettings(n_frames=2, crop_px=32))
SETTINGS = BenchmarkSettings(
    models=TINY_MODELS,
)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run of a data set with one signal."""

    model: str
    data: Path
    trial: Trial
    cache: Path
    result: BenchmarkResult


@pytest.fixture(scope="module", autouse=True)
def _no_figures() -> Iterator[None]:
    with keep_figures("example"):
        yield


@pytest.fixture(scope="module", autouse=True)
def _quick_observer() -> Iterator[None]:
    """A ceiling of few draws, of which no figure is looked at."""
    quick = partial(observe_cohort, observer=ObserverSettings(n_people=50, n_courses=16))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmarking, "observe_cohort", quick)
        yield


@pytest.fixture(scope="module", autouse=True)
def _disc_detector() -> Iterator[None]:
    with discs_are_faces():
        yield


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("cohort") / "all", n_subjects=4, levels=TASK.levels)


@pytest.fixture(scope="module", params=["facial", "ecg"])
def finished(request: pytest.FixtureRequest, cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    model, folder = request.param, tmp_path_factory.mktemp(request.param)
    trials = index_dataset(cohort).trials
    with (folder / "trials.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["subject", "trial", "label", "video", "ecg", "fs_hz"])
        for trial in trials:
            signals = [trial.video.path, "", ""] if model == "facial" else ["", trial.ecg.path, 512]
            rows.writerow([trial.subject.id, trial.id, trial.level.name, *signals])
    result = benchmark_dataset(
        folder / "trials.csv", folder / "run", options=OPTIONS, settings=SETTINGS, cache=folder / "windows"
    )
    return Finished(model=model, data=folder / "trials.csv", trial=trials[0], cache=folder / "windows", result=result)


def test_a_run_with_one_signal_leaves_everything_it_promises(finished: Finished) -> None:
    folder = finished.result.folder
    assert {path.name for path in folder.iterdir()} >= {
        "audit.json", "metrics.json", "model", "predictions.csv", "report.html", "run.json", "tables",
    }  # fmt: skip
    beside = {"facial": ["facial:descriptors"], "ecg": ["ecg:descriptors", "ecg:rate"]}[finished.model]
    models = [finished.model, *beside, "majority"]
    assert set(finished.result.predictions["model"]) == set(models)
    assert list(finished.result.metrics.models) == models
    assert any((folder / "tables").iterdir())
    title = "Face" if finished.model == "facial" else "ECG"
    assert f"{title} accuracy (leave-one-subject-out): " in show_accuracy(finished.result)
    assert finished.model in show_result(finished.result)


def test_the_report_of_one_signal_shows_examples_and_speaks_of_no_other(finished: Finished) -> None:
    text = (finished.result.folder / "report.html").read_text()
    own, network = {"facial": ("face video", "ResNet18 and GRU"), "ecg": ("ECG", "Transformer")}[finished.model]
    assert f"Stimulus level from {own}</h1>" in text
    examples = re.findall("<h3>.*?</figcaption>", text, flags=re.S)
    assert examples
    for shown in examples:
        (drawing,) = re.findall("<svg.*?</svg>", shown, flags=re.S)
        assert ("heart rate, bpm" in drawing) == (finished.model == "ecg")
    run = RunRecord.read(finished.result.folder / "run.json")
    said = {item.number: item.text for item in fill_checklist(run, finished.result.metrics)}
    assert said["12c"].startswith(network)
    for words in ("late fusion", "Fused probabilities", "the other; a trial without both"):
        assert words not in text


def test_a_run_with_one_signal_can_be_audited_again(finished: Finished) -> None:
    found = audit(finished.result.folder, settings=AuditSettings(n_folds=1))
    assert found == AuditResult.read(finished.result.folder / "audit.json")


@pytest.mark.usefixtures("weights_alone")
def test_the_bundle_holds_the_one_network(finished: Finished, tmp_path: Path) -> None:
    bundle = load_bundle(finished.result.folder / "model")
    assert bundle.info.models == (finished.model,)
    held = {"facial": {"face_encoder.onnx", "face_head.onnx"}, "ecg": {"ecg.onnx"}}[finished.model]
    # the forest reads features of the shipped network, which this facial model does not use
    assert bundle.info.variants == ()
    assert set(bundle.files) == {*held, f"{finished.model}.safetensors"}
    trained = load_bundle(
        train_dataset(finished.data, tmp_path / "model", options=OPTIONS, settings=SETTINGS, cache=finished.cache)
    )
    assert trained.info == bundle.info
    weights = f"{finished.model}.safetensors"
    assert trained.files[weights] == bundle.files[weights]


def test_the_bundle_predicts_from_its_own_signal_and_says_so(finished: Finished) -> None:
    predictor = open_predictor(load_bundle(finished.result.folder / "model"), threads=1)
    assert finished.trial.video is not None
    assert finished.trial.ecg is not None
    video, ecg = finished.trial.video.path, finished.trial.ecg.path
    both = predict_files(predictor, video=video, ecg=ecg, fs_hz=512)
    own = {"video": video} if finished.model == "facial" else {"ecg": ecg}
    assert predict_files(predictor, **own, fs_hz=512) == both
    other = "ecg" if finished.model == "facial" else "facial"
    assert getattr(both, other) is None
    assert both.probabilities == getattr(both, finished.model)
    assert both.predicted in TASK.class_names
    (note,) = [note for note in both.notes if not note.startswith("ECG: ")]
    assert note.startswith("the bundle holds no ")
    assert note in show_prediction(both)


def test_the_bundle_refuses_a_clip_of_the_other_signal_alone(finished: Finished) -> None:
    predictor = open_predictor(load_bundle(finished.result.folder / "model"), threads=1)
    if finished.model == "facial":
        with pytest.raises(SettingsError, match="holds the facial model alone: give a video"):
            predict_files(predictor, ecg=finished.trial.ecg.path, fs_hz=512)  # type: ignore[union-attr]
    else:
        with pytest.raises(SettingsError, match="holds the ECG model alone: give an ECG"):
            predict_files(predictor, video=finished.trial.video.path)  # type: ignore[union-attr]
