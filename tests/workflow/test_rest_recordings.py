"""Rest recordings beside the trials change nothing where no normalisation asks for them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from killing import assert_same_results
from sketched_cohort import write_cohort
from tiny_models import TINY_MODELS, discs_are_faces

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.labels import get_task
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.workflow import benchmarking
from ecg_facial.workflow.benchmarking import benchmark_dataset
from ecg_facial.workflow.settings import DataOptions

TASK = get_task("biovid4")
OPTIONS = DataOptions(windows=WindowSettings(n_frames=2, crop_px=32))
SETTINGS = BenchmarkSettings(
    models=replace(TINY_MODELS, facial=FacialSettings(hidden=4, n_layers=1)), protocol="kfold:2"
)


@pytest.mark.usefixtures("no_figures")
def test_rest_recordings_change_no_prediction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # an ideal observer takes seconds to look at the same people, and its ceiling is no prediction
    monkeypatch.setattr(benchmarking, "observe_ceiling", lambda *_: None)
    data = write_cohort(tmp_path / "cohort", n_subjects=4, levels=TASK.levels)
    index, root = index_dataset(data), tmp_path / "with rest"
    root.mkdir()
    for path in data.iterdir():
        (root / path.name).symlink_to(path)
    for subject in index.subjects:
        # what they show does not matter here: the clips of the highest level would do the most harm
        trial = next(trial for trial in index.trials if trial.subject == subject and trial.code == "PA3")
        for source, part, ending in ((trial.video, "video", ".mp4"), (trial.ecg, "biosignals_filtered", "_bio.csv")):
            assert source is not None
            folder = root / "rest" / part / subject.id
            folder.mkdir(parents=True)
            (folder / f"{subject.id}-REST-001{ending}").symlink_to(source.path)
    with discs_are_faces():
        plain, rested = (
            benchmark_dataset(
                each, tmp_path / f"run {each.name}", options=OPTIONS, settings=SETTINGS, with_bundle=False,
                with_audit=False,
            )
            for each in (data, root)
        )  # fmt: skip
    run = json.loads((rested.folder / "run.json").read_text())
    assert (run["n_trials"], run["n_rest"], run["n_subjects"]) == (len(index), 4, 4)
    assert_same_results(rested.folder, plain.folder)
