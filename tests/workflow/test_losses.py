"""What a recording lost is kept with its window, and said by `prepare` and `predict`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from video_files import damage, packet_places, write_images, write_numbered

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.store import read_index, write_index
from ecg_facial.inference.predictor import Predictor, predict_files
from ecg_facial.prepared.making import prepare
from ecg_facial.prepared.queries import describe_losses
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.workflow.preparing import prepare_dataset
from ecg_facial.workflow.settings import DataOptions

TINY = WindowSettings(window_s=4.0, n_frames=2, crop_px=32)
N_FRAMES = 138


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A sound clip, one with a damaged packet, and a folder of frames with a gap and times of its own."""
    root = tmp_path / "study"
    (root / "clips").mkdir(parents=True)
    write_numbered(root / "clips" / "good.mp4", N_FRAMES, options={"g": "10"})
    path = write_numbered(root / "clips" / "damaged.mp4", N_FRAMES, options={"g": "10"})
    damage(path, packet_places(path)[24])
    for folder in ("frames", "timed"):
        write_images(root / folder, [f"f{number}.png" for number in range(0, 60, 2)])
    (root / "times.txt").write_text("".join(f"f{number}.png {number / 10}\n" for number in range(0, 60, 2)))
    (root / "manifest.csv").write_text(
        "subject,trial,label,video,fps,frame_times\nanna,1,BL1,clips/good.mp4,,\nanna,2,PA4,clips/damaged.mp4,,\n"
        "ben,3,BL1,frames,10,\nben,4,PA4,timed,,times.txt\n"
    )
    return root


def test_what_was_lost_is_kept_with_the_window_and_said_in_one_line(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = DataOptions(windows=TINY)
    found = prepare_dataset(study, tmp_path / "out", options=options, show_progress=True)
    problems = dict(zip(found.prepared.table["trial"], found.prepared.table["problem"], strict=True))
    assert problems["1"] == ""
    assert problems["2"] == "video: 1 of 100 frames cannot be decoded: the file is damaged"
    assert problems["3"] == "video: 29 of 59 frames are missing by the numbers in the names: gaps stay gaps"
    said = [line for line in capsys.readouterr().err.splitlines() if "lost something" in line]
    assert said == [
        "2 of 4 recordings lost something or rest on an assumption, see their column 'problem'; "
        "the worst is 2 of anna: video: 1 of 100 frames cannot be decoded: the file is damaged"
    ]
    assert [(each.kind, each.trial) for each in found.index.problems] == [("note", "3")]
    sound = replace(found.index, trials=found.index.trials[:1], fingerprint="the first alone")
    assert describe_losses(prepare(sound, tmp_path / "alone", settings=TINY)) is None


def test_a_rate_in_the_table_comes_before_that_of_the_command(study: Path) -> None:
    videos = [trial.video for trial in index_dataset(study, reader_options={"fps": 30.0}).trials]
    assert [video.fps for video in videos if video is not None] == [30.0, 30.0, 10.0, 30.0]
    assert videos[3] is not None
    assert videos[3].frame_times == study / "times.txt"


def test_the_file_of_times_belongs_to_the_data(study: Path, tmp_path: Path) -> None:
    before = index_dataset(study)
    write_index(before, tmp_path / "index.parquet")
    assert read_index(tmp_path / "index.parquet") == before
    (study / "times.txt").write_text("".join(f"f{number}.png {number / 12}\n" for number in range(0, 60, 2)))
    assert index_dataset(study).fingerprint != before.fingerprint
    (study / "times.txt").unlink()
    (problem,) = [each for each in index_dataset(study).problems if each.trial == "4"]
    assert problem.kind == "missing"
    assert "times.txt: no such file" in problem.message


def test_a_prediction_says_what_its_video_lost(small_bundle: Path, study: Path) -> None:
    from ecg_facial.inference.bundle import load_bundle
    from ecg_facial.inference.predictor import open_predictor

    predictor: Predictor = open_predictor(load_bundle(small_bundle))
    damaged = predict_files(predictor, video=study / "clips" / "damaged.mp4")
    assert "video: 1 of 138 frames cannot be decoded: the file is damaged" in damaged.notes
    assumed = predict_files(predictor, video=study / "frames")
    assert any("25 frames per second are assumed" in note for note in assumed.notes)
    given = predict_files(predictor, video=study / "frames", fps=10.0)
    assert not any("assumed" in note for note in given.notes)
    timed = predict_files(predictor, video=study / "frames", frame_times=study / "times.txt")
    assert not any(note.startswith("video:") for note in timed.notes)
