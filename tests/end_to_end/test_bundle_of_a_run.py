"""The bundle of a run predicts what its networks predict, without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from blocking import block_imports
from safetensors.torch import load_file
from whole_run import N_SUBJECTS, OPTIONS, SETTINGS, TASK

from ecg_facial.ecg_model import ECGModel
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.face.pixels import normalise_crops
from ecg_facial.facial_model import FacialModel
from ecg_facial.inference.bundle import load_bundle
from ecg_facial.prepared.stored import open_prepared
from ecg_facial.workflow.benchmarking import train_dataset

# the whole run is made for the first test: minutes on a machine that is busy
pytestmark = pytest.mark.timeout(1800)
NEXT = "\n--\n"
PREDICT = f"""
import json
from ecg_facial.cli.app import main
bundle, clips = sys.argv[1:]
for options in json.loads(clips):
    sys.argv = ["ecg-facial", "predict", bundle, *options, "--json"]
    try:
        main()
    except SystemExit as ended:
        if ended.code:
            raise
    print({NEXT!r})
"""


def test_predict_runs_without_torch_and_equals_torch(data: Path, cache: Path, result: BenchmarkResult) -> None:
    prepared = open_prepared(next(path.parent for path in cache.glob("*/prepared.json")))
    trial = str(prepared.table["trial"].iloc[5])
    subject = str(prepared.table["subject"].iloc[5])
    files = {
        "--video": data / "PartA" / "video" / subject / f"{trial}.mp4",
        "--ecg": data / "PartA" / "biosignals_filtered" / subject / f"{trial}_bio.csv",
    }
    alone = [{name: files[name]} for name in files]
    said, seen, heard = predict_without_torch(result.folder / "model", files, *alone)
    probabilities = compute_with_torch(result.folder / "model", prepared, row=5)
    np.testing.assert_allclose(said["probabilities"], probabilities, atol=1e-5)
    assert said["predicted"] == TASK.class_names[int(np.argmax(probabilities))]
    assert said["simulated"] is True
    assert seen["ecg"] is heard["facial"] is None
    for found in (seen, heard):
        assert sum(found["probabilities"]) == pytest.approx(1)


def predict_without_torch(bundle: Path, *clips: dict[str, Path | str]) -> list[dict[str, Any]]:
    """Predict clips by the command line, one after the other in one process of its own."""
    program = f"{block_imports('torch', 'pandas')}{PREDICT}"
    options = [[str(part) for option in files.items() for part in option] for files in clips]
    command = [sys.executable, "-c", program, str(bundle), json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(said) for said in done.stdout.split(NEXT)[:-1]]


def compute_with_torch(folder: Path, prepared: object, *, row: int) -> np.ndarray:
    facial = FacialModel(SETTINGS.models.facial, n_classes=4).eval()
    ecg = ECGModel(SETTINGS.models.ecg, n_classes=4).eval()
    facial.load_state_dict(load_file(folder / "facial.safetensors"))
    ecg.load_state_dict(load_file(folder / "ecg.safetensors"))
    mask = prepared[row].frame_mask
    with torch.no_grad():
        frames = torch.from_numpy(normalise_crops(prepared[row].crops))[None]
        face = facial(frames, torch.from_numpy(np.array(mask))[None]).numpy()
        tokens, times_s = (
            torch.from_numpy(np.array(v))[None] for v in (prepared[row].tokens, prepared[row].token_times_s)
        )
        heart = ecg(tokens, times_s).numpy()
    return load_bundle(folder).info.fusion.probabilities(face, heart)["fusion"][0]


def test_the_bundle_says_what_it_is(result: BenchmarkResult) -> None:
    info = load_bundle(result.folder / "model").info
    assert info.class_names == TASK.class_names
    assert info.windows == OPTIONS.windows
    assert info.simulated
    assert info.n_subjects == N_SUBJECTS


@pytest.mark.usefixtures("weights_alone")
def test_training_alone_writes_the_bundle_of_the_run(
    data: Path, cache: Path, result: BenchmarkResult, tmp_path: Path
) -> None:
    folder = train_dataset(data, tmp_path / "model", options=OPTIONS, settings=SETTINGS, cache=cache)
    trained, of_the_run = load_bundle(folder), load_bundle(result.folder / "model")
    assert trained.info == of_the_run.info
    for name in ("facial.safetensors", "ecg.safetensors"):
        assert trained.files[name] == of_the_run.files[name]


def test_predict_runs_on_real_clips_and_ecgs(result: BenchmarkResult, shared_data: Path) -> None:
    videos = shared_data / "face_video"
    both = {"--video": videos / "single_face.mp4", "--ecg": shared_data / "ecg" / "other" / "e0103.csv"}
    seen, unseen = predict_without_torch(
        result.folder / "model", both | {"--fs-hz": "250"}, {"--video": videos / "no_face.mp4"}
    )
    assert seen["n_frames_with_face"] == 1  # of 3 looked for in 5.5 s: the clip ends after 2.4 s
    assert unseen["predicted"] is None
    assert unseen["face_quality"] == 0
    assert any("no face" in note for note in unseen["notes"])
