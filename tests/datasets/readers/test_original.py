"""The original project's folders."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.labels import PainLevel
from ecg_facial.recording import Subject


def bare_ecg(path: Path, n_times: int = 2816) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("ecg\n" + "\n".join(f"{0.01 * number:.2f}" for number in range(n_times)) + "\n")


def test_levels_spelled_in_two_ways_meet(tmp_path: Path, media: SimpleNamespace) -> None:
    media.write_images(tmp_path / "prepro_vid" / "071309_w_21" / "071309_w_21-P3-007")
    bare_ecg(tmp_path / "ecg_only" / "071309_w_21" / "071309_w_21-pa3-007_bio.csv")
    (trial,) = index_dataset(tmp_path).trials
    assert (trial.id, trial.level, trial.subject) == (
        "071309_w_21-PA3-007",
        PainLevel.PA3,
        Subject(id="071309_w_21", sex="w", age_years=21),
    )
    assert trial.video is not None
    assert trial.video.fps == 25.0
    assert trial.ecg is not None


def test_a_table_without_time_has_the_documented_rate(tmp_path: Path, media: SimpleNamespace) -> None:
    bare_ecg(tmp_path / "ecg_only" / "s1" / "P0_1.csv")
    media.write_ecg(tmp_path / "ecg_only" / "s1" / "P0_2.csv")
    index = index_dataset(tmp_path)
    assert [trial.ecg.fs_hz for trial in index.trials if trial.ecg] == [512.0, None]
    assert [(problem.kind, problem.trial) for problem in index.problems] == [("missing", "")]


def test_names_that_two_subjects_share_get_the_subject_before_them(tmp_path: Path) -> None:
    for subject in ("anna", "ben"):
        bare_ecg(tmp_path / "ecg_only" / subject / "BL1_1.csv")
    assert [trial.id for trial in index_dataset(tmp_path).trials] == ["anna-BL1_1", "ben-BL1_1"]


@pytest.mark.parametrize("name", ["clip_1", "P1_PA2_1", "P7_1", "BL2_1", "3"])
def test_a_name_without_exactly_one_known_level_is_left_out(tmp_path: Path, name: str) -> None:
    bare_ecg(tmp_path / "ecg_only" / "anna" / f"{name}.csv")
    bare_ecg(tmp_path / "ecg_only" / "anna" / "P0_good.csv")
    index = index_dataset(tmp_path)
    assert [trial.id for trial in index.trials] == ["BL1_good"]
    assert ("unknown_label", name) in [(problem.kind, problem.trial) for problem in index.problems]


@pytest.mark.parametrize(
    ("n_frames", "content", "kind"),
    [(0, None, "unreadable"), (60, None, "too_short"), (138, b"", "unreadable"), (138, b"no image", "unreadable")],
)
def test_a_bad_frame_folder_costs_only_the_video(
    tmp_path: Path, media: SimpleNamespace, n_frames: int, content: bytes | None, kind: str
) -> None:
    folder = media.write_images(tmp_path / "prepro_vid" / "anna" / "P2_1", n_frames=n_frames)
    if content is not None:
        for image in folder.iterdir():
            image.write_bytes(content)
    bare_ecg(tmp_path / "ecg_only" / "anna" / "P2_1.csv")
    index = index_dataset(tmp_path)
    assert [problem.kind for problem in index.problems] == [kind]
    assert index.trials[0].video is None
    assert index.trials[0].ecg is not None


def test_a_video_file_is_a_clip_unless_its_frames_lie_beside_it(tmp_path: Path, media: SimpleNamespace) -> None:
    folder = tmp_path / "prepro_vid" / "anna"
    media.write_images(folder / "P2_1")
    for name in ("P2_1.mp4", "P3_2.MOV"):
        media.write_video(folder / name)
    bare_ecg(tmp_path / "ecg_only" / "anna" / "P3_2.csv")
    trials = {trial.id: trial for trial in index_dataset(tmp_path).trials}
    assert list(trials) == ["PA2_1", "PA3_2"]
    first, second = trials["PA2_1"].video, trials["PA3_2"].video
    assert first is not None
    assert second is not None
    assert (first.path.name, first.fps) == ("P2_1", 25.0)
    assert (second.path.name, second.fps) == ("P3_2.MOV", None)
    assert trials["PA3_2"].ecg is not None
