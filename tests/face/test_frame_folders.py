"""Images of a folder are frames in the order of their numbers, at the rate that is given; gaps stay gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from video_files import damage, read_number, write_images

from ecg_facial.errors import CorruptDataError
from ecg_facial.face.frame_folders import list_images, read_numbers, time_images
from ecg_facial.face.video import read_frames
from ecg_facial.recording import VideoRef


def read_all(folder: Path, fps: float | None = 25.0, **part: float) -> tuple[list[float], list[int], list[str]]:
    """Times, the numbers that the pictures show, and the notes."""
    frames = read_frames(VideoRef(path=folder, fps=fps), **part)
    found = [(round(frame.time_s, 6), read_number(frame.small_rgb(1000)[0])) for frame in frames]
    return [time for time, _ in found], [number for _, number in found], frames.notes


@pytest.mark.parametrize(
    "names",
    [
        ["frame1.png", "frame2.png", "frame9.png", "frame10.PNG", "frame11.png"],
        ["001.jpg", "002.jpg", "009.jpg", "010.jpg", "011.jpg"],
        ["cam1_take2_1.bmp", "cam1_take2_2.bmp", "cam1_take2_9.bmp", "cam1_take2_10.bmp", "cam1_take2_11.bmp"],
        ["a-099998.webp", "a-099999.webp", "a-100006.webp", "a-100007.webp", "a-100008.webp"],
    ],
)
@pytest.mark.parametrize("fps", [25.0, 10.0])
def test_numbers_count_frames_by_their_value(tmp_path: Path, names: list[str], fps: float) -> None:
    times, numbers, notes = read_all(write_images(tmp_path, names), fps)
    np.testing.assert_allclose(times, np.array([0, 1, 8, 9, 10]) / fps, atol=1e-6)
    np.testing.assert_allclose(numbers, range(5), atol=1)
    assert notes == ["6 of 11 frames are missing by the numbers in the names: gaps stay gaps"]
    assert time_images(tmp_path, fps).duration_s == pytest.approx(11 / fps)


def test_without_a_rate_25_are_assumed_with_a_note(tmp_path: Path) -> None:
    times, _, notes = read_all(write_images(tmp_path, ["1.png", "2.png"]), None)
    assert times == [0.0, 0.04]
    assert notes == ["a folder of frames: 25 frames per second are assumed; give its rate (fps)"]


@pytest.mark.parametrize(
    "names",
    [
        ["a.png", "b.png", "c.png"],
        ["1_5.png", "2_3.png", "3_9.png"],
        ["1.png", "x2.png", "3.png"],
        ["20240101.png", "20250101.png", "20990101.png"],
        ["0.png", "10.png", "999999999.png"],
    ],
)
def test_other_names_are_read_in_their_order(tmp_path: Path, names: list[str]) -> None:
    assert read_all(write_images(tmp_path, names))[0] == [0.0, 0.04, 0.08]


@pytest.mark.parametrize(("per_second", "unit"), [(1e3, "milliseconds"), (1e6, "microseconds")])
def test_numbers_that_are_times_are_read_as_times(tmp_path: Path, per_second: float, unit: str) -> None:
    names = [f"t{round(number * per_second / 25)}.png" for number in (0, 1, 2, 5)]
    times, _, notes = read_all(write_images(tmp_path, names))
    assert times == [0.0, 0.04, 0.08, 0.2]
    assert notes == [f"the numbers in the names are {unit}"]


@pytest.mark.parametrize(
    "leftover", ["._1.png", ".DS_Store", "Thumbs.db", "desktop.ini", "notes.txt", "1.png~", "._Thumbs.jpg"]
)
def test_what_systems_leave_behind_is_no_frame(tmp_path: Path, leftover: str) -> None:
    write_images(tmp_path, ["1.png", "2.png"])
    (tmp_path / leftover).write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        ")
    assert [path.name for path in list_images(tmp_path)] == ["1.png", "2.png"]
    assert read_all(tmp_path)[0] == [0.0, 0.04]


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_a_damaged_image_costs_itself_and_no_more(tmp_path: Path, content: bytes) -> None:
    write_images(tmp_path, ["1.png", "2.png", "3.png"])
    (tmp_path / "2.png").write_bytes(content)
    times, numbers, notes = read_all(tmp_path)
    assert times == [0.0, 0.08]
    assert numbers == [0, 2]
    assert notes == ["1 of 3 images cannot be read, the first is 2.png"]


def test_an_image_that_ends_early_is_read_or_lost_but_never_an_error(tmp_path: Path) -> None:
    write_images(tmp_path, ["1.jpg", "2.jpg"])
    damage(tmp_path / "2.jpg", 300, bytes(400))
    assert len(read_all(tmp_path)[0]) in (1, 2)


def test_a_folder_of_damaged_images_is_corrupt(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"not a picture")
    with pytest.raises(CorruptDataError, match=r"1.png: not a readable image, like all others; copy it again"):
        read_all(tmp_path)


def test_a_folder_without_images_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=r"no images; expected frames as .bmp, .jpeg, .jpg, .png"):
        read_all(tmp_path)


def test_a_part_holds_the_frames_that_begin_in_it_and_opens_no_others(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{number}.png" for number in range(6)])
    for number in (0, 1, 4, 5):
        (tmp_path / f"{number}.png").write_bytes(b"not a picture")
    frames = list(read_frames(VideoRef(path=tmp_path, fps=10.0, start_s=0.2, duration_s=0.2)))
    assert [read_number(frame.small_rgb(1000)[0]) for frame in frames] == [2, 3]
    np.testing.assert_allclose([frame.time_s for frame in frames], [0.0, 0.1], atol=1e-9)


def test_a_number_that_stands_twice_counts_nothing() -> None:
    assert read_numbers(["a1", "a01", "a2"]) is None
    assert read_numbers(["a1"]) is None
    assert read_numbers(["a1", "a2"]) == [1, 2]
