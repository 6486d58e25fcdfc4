"""Copies of clips and hearts are found however they were changed, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import cv2
import numpy as np
import pandas as pd
import pytest

from ecg_facial.evaluation.audit.duplicates import (
    find_duplicates,
    find_same_beats,
    find_same_motion,
    find_same_values,
)
from ecg_facial.prepared.tabular import TabularData
from ecg_facial.windows.window import Window, read_lazily

N_FRAMES, CROP_PX = 8, 48


class Clips:
    """Clips in which a blob wanders its own way before one of two looks; hearts with beats at random times."""

    modalities: ClassVar[dict[str, tuple[str, ...]]] = {}

    def __init__(self, n: int = 40, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.table = pd.DataFrame({"trial": [f"t{row}" for row in range(n)]})
        looks = [cv2.resize(rng.uniform(0, 160, (6, 6)).astype(np.float32), (CROP_PX, CROP_PX)) for _ in range(2)]
        y, x = np.mgrid[:CROP_PX, :CROP_PX]
        self.films = []
        for row in range(n):
            way = CROP_PX / 2 + np.cumsum(rng.normal(0, 4, (N_FRAMES, 2)), axis=0)
            film = [looks[row % 2] + 60 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 60) for at in way]
            noisy = np.stack(film) + rng.normal(0, 2, (N_FRAMES, CROP_PX, CROP_PX))
            self.films.append(np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=3))
        self.beats = [np.cumsum(rng.normal(0.8, 0.05, rng.integers(5, 9))) for _ in range(n)]

    def __getitem__(self, row: int) -> Window:
        """The window of a row; what nobody asks for is not there."""
        signals = {
            "crops": lambda: self.films[row],
            "frame_mask": lambda: np.ones(N_FRAMES, dtype=bool),
            "r_peak_times_s": lambda: self.beats[row],
        }
        return read_lazily(lambda name: signals[name]())


def encode_again(film: np.ndarray) -> np.ndarray:
    return np.stack([cv2.imdecode(cv2.imencode(".jpg", frame, [1, 60])[1], 1) for frame in film])


@pytest.mark.parametrize(
    "copy",
    [
        lambda film, _: np.clip(film * 1.15, 0, 255).astype(np.uint8),
        lambda film, rng: np.clip(film + rng.normal(0, 6, film.shape), 0, 255).astype(np.uint8),
        lambda film, _: film[:, :, ::-1],
        lambda film, _: encode_again(film),
        lambda film, _: encode_again(film[:, :, ::-1]),
        lambda film, _: film,
    ],
    ids=["gain", "noise", "mirror", "encoded", "mirrored-and-encoded", "same"],
)
def test_a_copy_of_a_clip_is_found_however_it_was_changed_and_nothing_else_is(copy: Callable) -> None:
    clips = Clips()
    clips.films[31] = np.ascontiguousarray(copy(clips.films[4], np.random.default_rng(1)))
    assert find_same_motion(clips, range(40)) == {(4, 31)}


def clips_of(seed: int) -> Any:
    return Clips(60, seed)


def test_clips_of_one_look_are_no_copies_of_each_other() -> None:
    for seed in range(5):
        assert find_duplicates(clips_of(seed), range(60)) == []


def test_a_copy_of_a_heart_is_found_in_spite_of_small_shifts_of_its_beats() -> None:
    clips = Clips()
    clips.beats[7] = np.cumsum(np.full(7, 0.81))
    clips.beats[20] = clips.beats[7] + np.random.default_rng(0).normal(0, 6e-4, 7)
    clips.beats[30] = clips.beats[7] + 0.02
    assert find_same_beats(clips, range(40)) == {(7, 20)}


def test_hearts_of_a_whole_study_are_not_mistaken_for_each_other() -> None:
    rng = np.random.default_rng(3)
    clips = Clips(2)
    people = rng.normal(0.85, 0.12, 87)
    clips.beats = [
        rng.uniform(0, mean) + np.cumsum(rng.normal(mean, 0.035, int(5.5 / mean)))
        for mean in people
        for _ in range(100)
    ]
    assert find_same_beats(clips, range(8700)) == set()


def test_a_still_clip_and_an_unseen_one_have_no_motion() -> None:
    clips = Clips(3)
    clips.films[0][:] = clips.films[0][0]
    clips.films[1][:] = clips.films[0][0]
    assert find_same_motion(clips, range(3)) == set()


def make_features(values: np.ndarray[Any, Any]) -> TabularData:
    trials = pd.DataFrame({"subject": [f"p{n % 4}" for n in range(len(values))], "level": "mild"})
    trials["trial"] = [f"t{n}" for n in range(len(values))]
    return TabularData(trials, {"ecg": pd.DataFrame(values, columns=[f"f{n}" for n in range(values.shape[1])])})


def test_rows_of_a_table_with_the_same_features_are_found_also_rounded() -> None:
    values = np.random.default_rng(0).normal(size=(60, 5)) * [1, 10, 100, 1e-3, 1]
    values[:, 4] = np.arange(60) % 2
    values[7], values[30] = values[50], values[41]
    values[30, :3] = values[41, :3].round(3)
    values[20, 2] = np.nan
    values[33] = values[20]
    assert find_same_values(make_features(values), range(60)) == {(7, 50), (30, 41), (20, 33)}


def test_rows_that_agree_in_a_few_values_or_in_what_is_missing_are_no_copies() -> None:
    values = np.random.default_rng(0).integers(0, 3, (60, 6)).astype(float)
    assert find_same_values(make_features(values), range(60)) == set(), "columns of three values agree by chance"
    values = np.random.default_rng(0).normal(size=(60, 6))
    values[:20] = np.nan
    values[30, :5] = values[31, :5]
    assert find_same_values(make_features(values), range(60)) == set()


def test_windows_have_no_features_to_compare(make_prepared: Any) -> None:
    assert find_same_values(make_prepared(n_subjects=1, n_frames=2), range(8)) == set()
