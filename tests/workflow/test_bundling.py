"""What ships is what was judged: a bundle gives the probabilities of the run that judged its models."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecg_facial.evaluation.benchmark.runner import PREDICTIONS_FILE, run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.inference.bundle import Bundle, load_bundle
from ecg_facial.inference.fusion import Fusion
from ecg_facial.inference.predictor import Prediction, open_predictor
from ecg_facial.labels import get_task
from ecg_facial.learning.settings import ModelSettings, TrainingSettings
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.prepared.memory import MemoryData
from ecg_facial.runtime.settings import to_dict
from ecg_facial.windows.window import Window
from ecg_facial.workflow.bundling import train_bundle

# the runs with fixed and with learned weights train the same networks
pytestmark = [pytest.mark.long, pytest.mark.usefixtures("shared_exports")]

TASK = get_task("biovid4")
TESTED = "s00"
NO_FACE, NO_ECG = 0, 1
"""The first two rows of `make_prepared`, trials of the tested person."""
QUICK = TrainingSettings(epochs=6, batch_size=8)
SETTINGS = BenchmarkSettings(
    models=ModelSettings(
        facial=FacialSettings(hidden=8, n_layers=1),
        ecg=EcgSettings(width=16, n_heads=2, n_layers=1, feedforward=16),
        facial_training=QUICK,
        ecg_training=QUICK,
    ),
    protocol="cross-dataset",
    inner=InnerSettings(calibration_share=0.5),
    seed=4,
)
# predictions.csv has six decimals, and ONNX Runtime adds up in another order than torch: logits differ by about 1e-6,
# which a temperature of 0.1, the lowest, would raise to 1e-5
TOLERANCE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A run that tests one person, and a bundle of everybody else."""

    predictions: pd.DataFrame
    details: dict[str, Any]
    bundle: Bundle
    windows: list[Window]


def judge(prepared: MemoryData, out: Path, settings: BenchmarkSettings) -> Judged:
    """Run the protocol that trains on one data set and tests another, then write a bundle of the former."""
    tested = prepared.table["subject"] == TESTED
    both = prepared.with_table(prepared.table.assign(dataset=np.where(tested, "test", "train")))
    run_benchmark(both, out, settings=settings)
    # PA4 is no class of the task: nobody trains, stops or calibrates by these trials
    others = prepared.with_table(prepared.table.assign(level=prepared.table["level"].mask(tested, "PA4")))
    train_bundle(others, out / "model", settings=settings)
    (fold,) = (out / "folds").glob("*.json")
    pipeline, _ = json.loads(fold.read_text())["pipelines"]  # the second one is of the baselines
    return Judged(
        predictions=pd.read_csv(out / PREDICTIONS_FILE),
        details=pipeline["details"],
        bundle=load_bundle(out / "model"),
        windows=[prepared[int(row)] for row in np.flatnonzero(tested)],
    )


def read_probabilities(judged: Judged, model: str, place: int) -> np.ndarray:
    rows = judged.predictions[judged.predictions["model"] == model]
    return rows[[f"p_{name}" for name in TASK.class_names]].to_numpy()[place]


@pytest.fixture
def prepared(make_prepared: Callable[..., MemoryData]) -> MemoryData:
    return make_prepared(n_subjects=9, per_level=2, n_frames=3)


@pytest.mark.parametrize("weights", ["fixed", "learned"])
def test_a_bundle_gives_the_probabilities_of_the_run_that_judged_it(
    prepared: MemoryData, tmp_path: Path, weights: str
) -> None:
    judged = judge(prepared, tmp_path / "run", replace(SETTINGS, fusion_weights=weights))
    fusion = judged.bundle.info.fusion
    for temperature in (fusion.temperatures.facial, fusion.temperatures.ecg, fusion.temperatures.fusion):
        assert abs(temperature.value - 1) > 0.02, "the comparison below would not miss it"
        assert (temperature.n_subjects, temperature.n_trials) == (4, 32)
    found_in_run = judged.details["temperatures"]
    assert {name: found_in_run[name] for name in ("facial", "ecg", "fusion")} == to_dict(fusion.temperatures)
    assert judged.bundle.info.variants == ("facial:descriptors", "fusion:descriptors")
    assert found_in_run["fusion:descriptors"] == to_dict(judged.bundle.info.descriptors.temperatures.fusion)
    assert (fusion.n_subjects, fusion.n_trials) == ((4, 32) if weights == "learned" else (0, 0))
    predictor = open_predictor(judged.bundle, threads=1)
    found = [predictor.predict(window) for window in judged.windows]
    assert found[NO_FACE].facial is None
    assert set(found[NO_FACE].variants) == {"fusion:descriptors"}
    assert found[NO_ECG].ecg is None
    for place, prediction in enumerate(found):
        assert_same(prediction, judged, place)


def assert_same(prediction: Prediction, judged: Judged, place: int) -> None:
    fused = read_probabilities(judged, "fusion", place)
    np.testing.assert_allclose(prediction.probabilities, fused, atol=TOLERANCE)
    assert prediction.predicted == TASK.class_names[int(fused.argmax())]
    for model in ("facial", "ecg"):
        own = getattr(prediction, model)
        expected = np.full(TASK.n_classes, np.nan) if own is None else own
        np.testing.assert_allclose(expected, read_probabilities(judged, model, place), atol=TOLERANCE)
    for model, own in prediction.variants.items():
        np.testing.assert_allclose(own, read_probabilities(judged, model, place), atol=TOLERANCE)


@pytest.mark.usefixtures("weights_alone")
def test_with_too_few_people_to_calibrate_run_and_bundle_say_so(prepared: MemoryData, tmp_path: Path) -> None:
    judged = judge(prepared, tmp_path / "run", replace(SETTINGS, inner=InnerSettings(calibration_share=0.25)))
    temperatures = judged.bundle.info.fusion.temperatures
    for temperature in (temperatures.facial, temperatures.ecg, temperatures.fusion):
        assert temperature.value == 1
        assert temperature.reason == "fewer than 4 subjects: 2"
    found_in_run = judged.details["temperatures"]
    assert {name: found_in_run[name] for name in ("facial", "ecg", "fusion")} == to_dict(temperatures)


@pytest.mark.usefixtures("weights_alone")
def test_nobody_is_set_apart_for_conformal_scores_that_a_bundle_does_not_hold(
    prepared: MemoryData, tmp_path: Path
) -> None:
    inner = InnerSettings(calibration_share=0.0)
    for name, settings in (("with", replace(inner, conformal_share=0.3)), ("without", inner)):
        train_bundle(prepared, tmp_path / name, settings=replace(SETTINGS, inner=settings))
    files = [load_bundle(tmp_path / name).files["ecg.safetensors"] for name in ("with", "without")]
    assert files[0] == files[1]
    info = load_bundle(tmp_path / "with").info
    assert info.n_subjects == 9
    assert info.fusion.temperatures.fusion.reason == "nobody was set apart for calibration"
    assert replace(info.fusion, temperatures=Fusion().temperatures) == Fusion()
