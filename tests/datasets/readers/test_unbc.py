"""UNBC-McMaster: PSPI of each frame, and stretches graded by it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tiny_files import write_pspi

from ecg_facial.cli.wording import describe_index
from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.readers.unbc import cut_sequence, read_pspi
from ecg_facial.datasets.store import read_index, write_index
from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.face.video import read_frames
from ecg_facial.recording import VideoRef

SUBJECT, SEQUENCE = "042-ll042", "ll042t1aaaff"
# 2 s
WINDOW_S, N = 2.0, 50


def write(root: Path, *stretches: Sequence[float]) -> Path:
    return write_pspi(root, SUBJECT, SEQUENCE, [value for stretch in stretches for value in stretch])


def levels(root: Path, **options: float) -> list[tuple[str, str]]:
    index = index_dataset(root, window_s=WINDOW_S, reader_options=options)
    return [(trial.id.removeprefix(f"{SEQUENCE}-"), trial.code) for trial in index.trials]


def with_peak(value: float) -> list[float]:
    return [*[0.0] * (N - 1), value]


def test_pspi_belongs_to_the_frames_that_a_trial_shows(tmp_path: Path) -> None:
    write(tmp_path, [0.0] * N, np.linspace(3.0, 16.0, N).tolist())
    trial = index_dataset(tmp_path, window_s=WINDOW_S).trials[1]
    assert trial.video is not None
    pspi = read_pspi(trial.video)
    np.testing.assert_allclose(pspi, np.linspace(3.0, 16.0, N), atol=1e-6)
    assert len(pspi) == len(list(read_frames(trial.video)))
    assert len(read_pspi(VideoRef(path=trial.video.path, fps=25.0))) == 2 * N


@pytest.mark.parametrize(
    ("peak", "pspi_pain", "code"),
    [(0.0, 3.0, "BL1"), (2.99, 3.0, None), (3.0, 3.0, "PA4"), (16.0, 3.0, "PA4"), (1.0, 1.0, "PA4"), (3.0, 4.0, None)],
)
def test_the_largest_pspi_makes_the_level(peak: float, pspi_pain: float, code: str | None, tmp_path: Path) -> None:
    write(tmp_path, with_peak(peak), [0.0] * N)
    assert levels(tmp_path, pspi_pain=pspi_pain) == [*([("01", code)] if code else []), ("02", "BL1")]


def test_what_is_in_between_is_left_out_and_counted(tmp_path: Path) -> None:
    write(tmp_path, with_peak(1.0), with_peak(2.0), with_peak(5.0))
    (problem,) = index_dataset(tmp_path, window_s=WINDOW_S).problems
    assert (problem.kind, problem.subject, problem.trial) == ("no_level", SUBJECT, SEQUENCE)
    assert problem.message.startswith("2 stretches with PSPI above 0 and below 3")


def test_a_frame_without_pspi_leaves_its_stretch_without_a_level(tmp_path: Path) -> None:
    labels = write(tmp_path, [0.0] * N, with_peak(5.0))
    (labels / f"{SEQUENCE}0003_facs.txt").unlink()
    index = index_dataset(tmp_path, window_s=WINDOW_S)
    assert [trial.code for trial in index.trials] == ["PA4"]
    assert [problem.kind for problem in index.problems] == ["unknown_label"]
    assert np.isnan(read_pspi(VideoRef(path=tmp_path / "Images" / SUBJECT / SEQUENCE, fps=25.0))).sum() == 1


@pytest.mark.parametrize("text", ["", "much", "-1", "17", "nan", "1 2"])
def test_a_label_that_is_no_pspi_is_refused_by_name(text: str, tmp_path: Path) -> None:
    labels = write(tmp_path, [0.0] * N)
    (labels / f"{SEQUENCE}0007_facs.txt").write_text(text)
    with pytest.raises(CorruptDataError, match=r"0007_facs\.txt: holds .* expected a PSPI of 0 to 16"):
        read_pspi(VideoRef(path=tmp_path / "Images" / SUBJECT / SEQUENCE, fps=25.0))
    assert [problem.kind for problem in index_dataset(tmp_path, window_s=WINDOW_S).problems] == ["unreadable"]


def test_a_sequence_without_labels_is_listed(tmp_path: Path) -> None:
    labels = write(tmp_path, [0.0] * N)
    for path in labels.iterdir():
        path.unlink()
    labels.rmdir()
    with pytest.raises(MissingDataError, match="expected the PSPI"):
        read_pspi(VideoRef(path=tmp_path / "Images" / SUBJECT / SEQUENCE, fps=25.0))
    (problem,) = index_dataset(tmp_path, window_s=WINDOW_S).problems
    assert (problem.kind, problem.trial) == ("unreadable", SEQUENCE)


def test_a_sequence_shorter_than_a_window_is_too_short(tmp_path: Path) -> None:
    write(tmp_path, [0.0] * 20)
    assert [problem.kind for problem in index_dataset(tmp_path, window_s=WINDOW_S).problems] == ["too_short"]


@pytest.mark.parametrize("n_frames", [1, 44, 45, 50, 94, 95, 100, 683])
def test_stretches_are_whole_frames_and_never_overlap(n_frames: int) -> None:
    pieces = cut_sequence(n_frames, WINDOW_S)
    frames = [(round(25 * start_s), round(25 * (start_s + length_s))) for start_s, length_s in pieces]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(frames))
    assert frames[-1][1] <= n_frames
    # what is lost is less than nine tenths of a window
    assert n_frames - frames[-1][1] < 45


def test_an_index_remembers_that_its_levels_are_an_observers(tmp_path: Path) -> None:
    write(tmp_path / "data", [0.0] * N)
    index = index_dataset(tmp_path / "data", window_s=WINDOW_S)
    write_index(index, tmp_path / "index.parquet")
    assert read_index(tmp_path / "index.parquet").levels_by == "observer"


def test_the_index_is_shown_as_an_observers(tmp_path: Path) -> None:
    write(tmp_path, [0.0] * N)
    shown = describe_index(index_dataset(tmp_path, window_s=WINDOW_S))
    assert "LEVELS BY AN OBSERVER" in shown
    assert "access: by agreement" in shown
